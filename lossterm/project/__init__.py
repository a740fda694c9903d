"""Project files: everything that a comparison needs, so that a bare `lossterm run` starts it."""

from lossterm.project.reading import Project, read_project
from lossterm.project.settings_schema import CODE, SECTION_OF, SECTIONS, Value
from lossterm.project.writing import written

FILE_NAME = "lossterm.toml"
"""Default name of a project file."""

__all__ = ["CODE", "FILE_NAME", "SECTIONS", "SECTION_OF", "Project", "Value", "read_project", "written"]
