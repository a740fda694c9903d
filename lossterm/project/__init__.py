"""A project file: everything that a comparison needs, so that `lossterm run` alone asks for it."""

from lossterm.project.reading import Project, read_project
from lossterm.project.settings_schema import CODE, SECTION_OF, SECTIONS, Value
from lossterm.project.writing import written

FILE_NAME = "lossterm.toml"
"""What such a file is called where no other is named."""

__all__ = ["CODE", "FILE_NAME", "SECTIONS", "SECTION_OF", "Project", "Value", "read_project", "written"]
