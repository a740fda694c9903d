"""The axes of a stress sweep: what is done to data, in increasing measure, to see which loss bears it.

An axis is one record with one pure function. To add one, add a record to a file here, or declare it in an installed
package under the entry point group `lossterm.axes`.
"""

from lossterm.stress_axes.axis import LEAST_ROWS, Axis, LostClass, Rows, Unit
from lossterm.stress_axes.catalogue import AXES, GROUP, axes_for, axis_named, axis_problems, every_axis
from lossterm.stress_axes.levels import level_from, levels_from, written
from lossterm.stress_axes.severity import Severity
from lossterm.stress_axes.stressing import Stress, numeric_columns

__all__ = [
    "AXES",
    "GROUP",
    "LEAST_ROWS",
    "Axis",
    "LostClass",
    "Rows",
    "Severity",
    "Stress",
    "Unit",
    "axes_for",
    "axis_named",
    "axis_problems",
    "every_axis",
    "level_from",
    "levels_from",
    "numeric_columns",
    "written",
]
