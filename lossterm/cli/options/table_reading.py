"""Options that say how a table is to be read."""

import click

from lossterm.cli.options.shared import Choice
from lossterm.losses import KINDS


def names(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Read names with commas between, of an option that may be given again."""
    if not values:
        return ()
    from lossterm.data.request import names_from  # whoever names columns needs the table

    return tuple(dict.fromkeys(name for value in values for name in names_from(value)))


READING = (
    click.option("--kind", type=Choice("kind of task", *KINDS), help="Kind of task (default: as the target looks)."),
    click.option("--drop", metavar="A,B", multiple=True, callback=names, help="Columns to leave out."),
    click.option("--categorical", metavar="A,B", multiple=True, callback=names, help="Columns that hold names."),
    click.option("--group", metavar="COL", help="Column whose equal values stay on one side of a split."),
    click.option("--time", metavar="COL", help="Column by which rows are split, the earliest to train on."),
    click.option("--sample-weight", metavar="COL", help="Column of what each row weighs in training, 0 or more."),
    click.option("--delimiter", metavar="SIGN", help="Between cells: a sign, comma, semicolon, tab, pipe or space."),
    click.option("--encoding", metavar="NAME", help="Encoding of the text, as utf-8, utf-16, cp1252."),
    click.option("--header/--no-header", default=None, help="Whether the first row names the columns."),
    click.option("--thousands", metavar="SIGN", help="Between thousands: comma, point, apostrophe or space."),
    click.option("--min-class", metavar="N:join|drop", help="Join the classes with fewer than N rows, or drop them."),
    click.option(
        "--missing",
        metavar="[COL=]CODE",
        multiple=True,
        help="Number, word or date for a missing value, in all columns or one; again for more.",
    ),
)
"""Options that say how a table is to be read, for whatever is not left to be recognised."""

READ_AS = (
    "kind",
    "drop",
    "categorical",
    "group",
    "time",
    "sample_weight",
    "delimiter",
    "encoding",
    "header",
    "thousands",
    "missing",
    "min_class",
)
"""Their names, which are those of `FileRequest`."""
