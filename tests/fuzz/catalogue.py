"""Every property, by name."""

from tests.fuzz import command_line, configuration, recordings, stores, tables
from tests.fuzz.property import Property

PROPERTIES: dict[str, Property] = {
    one.name: one for module in (command_line, configuration, recordings, stores, tables) for one in module.PROPERTIES
}
