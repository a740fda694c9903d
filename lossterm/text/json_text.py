"""JSON that both people and programs read."""

import msgspec

from lossterm.text.harmless import in_json


def as_json(document: object) -> str:
    """Write a document with line breaks and indents, and without characters that a terminal would act upon."""
    return in_json(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
