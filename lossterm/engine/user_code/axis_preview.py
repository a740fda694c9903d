"""What a custom axis does to data: `python -m lossterm.engine.user_code.axis_preview`, which answers on stdout.

Only here, and in the worker, is a person's code run: the process that a person looks at imports none of it.
"""

import argparse
import sys
from contextlib import redirect_stdout

import msgspec

from lossterm.comparison.axis_preview import preview
from lossterm.comparison.user_axis import axis_from
from lossterm.data import Data
from lossterm.engine.user_code.axis_loading import load_axis
from lossterm.errors import LosstermError
from lossterm.tasks import Task, task_named, task_on


def main() -> None:
    """Load the axis, alter the rows of a task, and write what came out as JSON: a preview, or an error."""
    parser = argparse.ArgumentParser(prog="python -m lossterm.engine.user_code.axis_preview", description=__doc__)
    parser.add_argument("axis", metavar="FILE.py:NAME")
    parser.add_argument("--levels", required=True, help="JSON of the levels")
    about = parser.add_mutually_exclusive_group(required=True)
    about.add_argument("--task", help="key of a task")
    about.add_argument("--table", help="JSON of a user table")
    given = parser.parse_args()
    with redirect_stdout(sys.stderr):
        answer = _answer(given.axis, msgspec.json.decode(given.levels, type=tuple[float, ...]), _task(given))
    print(msgspec.json.encode(answer).decode(), flush=True)


def _task(given: argparse.Namespace) -> Task:
    return task_named(given.task) if given.task else task_on(msgspec.json.decode(given.table, type=Data))


def _answer(text: str, levels: tuple[float, ...], task: Task) -> dict[str, object]:
    try:
        source = axis_from(text)
        return {"preview": preview(task, load_axis(source, source.key), levels), "error": None}
    except LosstermError as error:
        return {"preview": None, "error": str(error)}


if __name__ == "__main__":
    main()
