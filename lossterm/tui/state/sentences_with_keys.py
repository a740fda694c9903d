"""Sentences about a table, which name options of the command line, in the words of the app: its keys."""

import re

from lossterm.tui.state.key_names import KeyNames

_READING = {
    "thousands": "thousands",
    "missing": "missing",
    "min-class": "rare classes",
    "delimiter": "delimiter",
    "encoding": "encoding",
}
"""Option → name of its field in the dialog of how a table is read."""

_SAID: tuple[tuple[str, str], ...] = (
    (r"--metric (\w+) counts", r"ranked by \1 ({{main.rank}}), it counts"),
    (r"--metric (\w+)", r"ranking by \1 ({{main.rank}})"),
    (r"--until settled", "a race ({main.race})"),
    (r"--rope\b", "the ROPE ({main.network})"),
    (r"--kind says otherwise", "{table.kind} takes another kind"),
    (r"Leave out --kind, or", "Take another kind with {table.kind}, or"),
    (r"[Gg]ive --kind (\w+)", r"Press {{table.kind}} until it is \1"),
    (r"--kind (\w+) counts", r"as \1 ({{table.kind}}) it counts"),
    (r"--kind\b", "the kind ({table.kind})"),
    (r"--target (\S+) --drop", r"{{table.target}} on \1 and {{table.drop}} on"),
    (r"--target\b", "target ({table.target})"),
    (r"--drop what says little", "{table.drop} drops what says little"),
    (r"--drop\b", "{table.drop} on"),
    (r"--categorical (\S+) takes a column as names", r"{{table.names}} on \1 takes it as names"),
    (r"--categorical\b", "{table.names} on"),
    (r"Name another --(time|group)", r"Name another \1 column ({{table.\1}})"),
    (r"--(time|group)\b", r"\1 ({{table.\1}})"),
    (r"Name another --sample-weight", "Name another column of weights ({table.weight})"),
    (r"--sample-weight\b", "weights ({table.weight})"),
    (r"[Gg]ive another --encoding|[Gg]ive the file's --encoding", "Name the encoding ({table.reading})"),
    (r"--header\b|--no-header\b", "first row names ({table.reading})"),
    *((rf"--{option}\b", f"{field} ({{table.reading}})") for option, field in _READING.items()),
)
"""What a sentence says of an option, and what the app says of the key that does the same there."""


def with_keys(sentence: str, keys: KeyNames, before: str = "") -> str:
    """Return a sentence with keys in the place of options; `before` is what is to be pressed first, as `f, then `.

    `keys` know those of the preview of a table.
    """
    for option, words in _SAID:
        template = words.replace("{{", "{").replace("}}", "}").replace("{table.", f"{before}{{table.", 1)
        groups = re.compile(option)
        sentence = groups.sub(lambda found, template=template: keys.fill_in(found.expand(template)), sentence)  # type: ignore[misc]  # bound at once
    return sentence
