"""A user table in a script: the same columns, levels and rules for missing values as here."""

import textwrap

from lossterm.data import Data
from lossterm.data.files.notation import Notation
from lossterm.data.request import min_class_of
from lossterm.errors import DataError
from lossterm.export.script import cell_readers
from lossterm.export.script.column_readers import (
    CODED,
    GROUPED,
    NOTED,
    PLAIN,
    TYPED,
    WRITTEN,
    Layout,
    first_row,
    layout_of,
    names_of_arrays,
)
from lossterm.export.script.plan import Plan
from lossterm.export.script.script_text import Name, Script, assigned, quoted
from lossterm.text.harmless import printable

_BY_ARROW = {"parquet": ("parquet", "read_table"), "arrow": ("feather", "read_table"), "jsonl": ("json", "read_json")}
"""Forms that pyarrow reads, and its module and function for each."""

_PIECE = 60
"""Characters of a pattern in one line of a script."""


def add_table(script: Script, plan: Plan) -> tuple[str, str, bool]:
    """Add how the file is read and how features are prepared.

    Returns the line that loads it, the expression of an unfitted transformer, and whether pyarrow reads it.
    Raises DataError as `column_readers.layout_of` does.
    """
    data = plan.comparison.data
    assert isinstance(data, Data)
    layout = layout_of(data)
    asked = data.asked
    script.constant("DATA", asked.path)
    if not asked.more_targets:
        script.constant("TARGET", asked.target)
    for name, column in (("GROUP", asked.group), ("TIME", asked.time), ("WEIGHT", asked.sample_weight)):
        if column is not None:
            script.constant(name, column)
    _add_file(script, layout)
    _add_readers(script, layout)
    _add_columns(script, layout)
    script.imports.add("from functools import cache")
    script.add("Data", "\n".join(_load(layout)))
    script.add("Data", "\n".join(_preprocessing(script, layout)))
    names = ["x", "y", *(["groups"] if asked.group else []), *(["weights"] if asked.sample_weight else [])]
    return f"{', '.join(names)} = load()", "preprocessing()", layout.sheet.form in _BY_ARROW


def _add_file(script: Script, layout: Layout) -> None:
    sheet = layout.sheet
    if sheet.form == "npz":
        text = cell_readers.READ_ARRAYS
        if any(printable(name) != name for name in names_of_arrays(sheet)):
            script.constant("NAMES", list(sheet.names), "of the columns, in the order of the file")
            text = text.replace("return cells", "return dict(zip(NAMES, cells.values()))")
        script.add("Data", text)
        return
    if sheet.form in _BY_ARROW:
        module, function = _BY_ARROW[sheet.form]
        script.imports |= {f"from pyarrow import {', '.join(sorted((module, 'types')))}"}
        script.constant("NAMES", list(sheet.names), "of the columns, in the order of the file")
        script.add("Data", cell_readers.READ_COLUMNS.replace("{read}", f"{module}.{function}"))
        return
    script.imports.add("import csv")
    assert sheet.delimiter is not None
    assert sheet.encoding is not None
    columns = "dict(zip((name.strip() for name in names), zip(*rows)))"
    if not sheet.header:
        columns = '{f"column_{place}": column for place, column in enumerate(zip(*rows), 1)}'
    elif [name.strip() for name in first_row(sheet)] != list(sheet.names):
        script.constant("NAMES", list(sheet.names), "of the columns, in the order of the file")
        columns = "dict(zip(NAMES, zip(*rows)))"
    names = "" if not sheet.header else "names, *" if "NAMES" not in columns else "_, *"
    if several := bool(sheet.header and sheet.header_rows > 1):
        names = ""
    text = cell_readers.READ_TEXT.replace("{names}rows = ", f"{names}rows = " if names else "rows = list(")
    rest = "" if names else f")[{sheet.header_rows}:]" if several else ")"
    text = text.replace("skipinitialspace=True))", "skipinitialspace=True))" + rest)
    if sheet.compressed:
        script.imports.add("import gzip")
        text = text.replace("open(DATA, ", 'gzip.open(DATA, "rt", ')
    script.add(
        "Data",
        text.replace("{encoding}", quoted(sheet.encoding))
        .replace("{delimiter}", quoted(sheet.delimiter))
        .replace("{cells}", columns),
    )


def _reader(layout: Layout, name: str) -> str:
    """Return the expression for the script's function that reads a column."""
    reading = layout.readings[name]
    if reading.how == "day" and reading.formats:
        return f"partial(days_by, formats=[{', '.join(map(quoted, reading.formats))}])"
    if notation := reading.notation:
        return f"partial({'durations' if notation.durations else 'in_notation'}, **NOTATIONS[{quoted(name)}])"
    functions = {CODED: "coded", PLAIN: "numbers", "day": "days", "yes": "truths", "word": "words"}
    return (functions | dict.fromkeys((WRITTEN, GROUPED), "written_numbers")).get(reading.how, "typed")


def _add_readers(script: Script, layout: Layout) -> None:
    """Add the functions that are needed to read the columns."""
    readings = layout.readings.values()
    used = {reading.how for reading in readings}
    ignored = set().union(*(reading.ignored for reading in readings))
    if used & {"word", "yes"}:
        nothing = set().union(*(reading.missing for reading in readings)) or {""}
        script.constant("MISSING", nothing, "cells that stand for a missing value, in upper or lower case")
    if ignored:
        script.constant("IGNORED", ignored, "cells that look like numbers and are missing values")
    if PLAIN in used:
        plain = "np.nan if cell in IGNORED else float(cell)" if ignored else "float(cell)"
        script.add("Data", cell_readers.NUMBERS.replace("{plain}", plain))
    if used & {WRITTEN, GROUPED}:
        script.imports.add("import re")
        amount = 'cell.strip().replace("−", "-")'
        if GROUPED in used:
            script.add("Data", cell_readers.UNGROUPED)
            amount = f"ungrouped({amount})"
        matched = f"AMOUNT.fullmatch({amount})"
        matched = f"None if cell in IGNORED else {matched}" if ignored else matched
        script.add("Data", cell_readers.WRITTEN_NUMBERS.replace("{matched}", matched))
    if NOTED in used:
        _add_notations(script, layout, ignored=bool(ignored))
    _add_days(script, layout, ignored=bool(ignored))
    if "yes" in used:
        script.constant("YES", {reading.yes for reading in readings if reading.how == "yes"})
        script.add("Data", cell_readers.YES)
    if "word" in used:
        script.add("Data", cell_readers.WORDS)
    _add_typed(script, layout, used)
    _add_own_codes(script, layout)
    asked = layout.data.asked
    looks_up = _looks_up_classes(layout)
    if layout.categories() or (looks_up and not _drops_classes(layout)):
        script.add("Data", cell_readers.PLACES)
    if looks_up and _drops_classes(layout):
        script.add("Data", cell_readers.KNOWN_CLASSES)
    if asked.group is not None:
        words = layout.readings[asked.group].how in ("word", "yes")
        script.add("Data", cell_readers.GROUPS_OF_WORDS if words else cell_readers.GROUPS_OF_NUMBERS)


def _add_days(script: Script, layout: Layout, *, ignored: bool) -> None:
    """Add the functions that read days."""
    readings = layout.readings.values()
    if any(reading.how == "day" and not reading.formats for reading in readings):
        script.imports.add("from datetime import UTC, datetime")
        skipped = (
            "if cell in IGNORED:\n            values.append(np.nan)\n            continue\n        " if ignored else ""
        )
        script.add("Data", cell_readers.DAYS.replace("{skipped}", skipped))
    if any(reading.formats for reading in readings):
        script.imports |= {"from datetime import datetime", "from functools import partial"}
        skipped = "if cell in IGNORED:\n            continue\n        " if ignored else ""
        script.add("Data", cell_readers.DAYS_BY.replace("{skipped}", skipped))


def _add_typed(script: Script, layout: Layout, used: set[str]) -> None:
    """Add the functions that read what the file holds as numbers or moments."""
    if CODED in used:
        missing = layout.codes.every
        script.constant("CODES", [*missing.numbers, *missing.days], "of missing values, of dates in days since 1970")
        script.add("Data", cell_readers.CODED)
    if used & {CODED, TYPED}:
        moments = layout.sheet.form == "npz" and any(
            layout.sheet.raws[name].kind == "date"
            for name, reading in layout.readings.items()
            if reading.how in (CODED, TYPED)
        )
        script.add("Data", cell_readers.READ_DAYS_OF_ARRAYS if moments else cell_readers.TYPED)


def _add_own_codes(script: Script, layout: Layout) -> None:
    """Add the functions that empty the cells with codes of missing values that are those of one column."""
    if layout.own:
        script.constant("CODES_OF", layout.own, "column: what stands for a missing value there alone")
    if any(isinstance(codes, set) for codes in layout.own.values()):
        script.add("Data", cell_readers.EMPTIED)
    if any(isinstance(codes, list) for codes in layout.own.values()):
        script.add("Data", cell_readers.WITHOUT_CODES)


def _own_codes_emptied(layout: Layout) -> list[str]:
    """Return the lines that empty those cells."""
    return [
        f"    cells[{quoted(name)}] = {'emptied' if isinstance(codes, set) else 'without_codes'}"
        f"(cells[{quoted(name)}], CODES_OF[{quoted(name)}])"
        for name, codes in layout.own.items()
    ]


def _add_notations(script: Script, layout: Layout, *, ignored: bool) -> None:
    """Add the functions that read numbers with units, thousands, parentheses, and durations."""
    script.imports |= {"import re", "from functools import partial"}
    matched = 're.fullmatch(pattern, cell.strip().replace("−", "-"))'
    matched = f"None if cell in IGNORED else {matched}" if ignored else matched
    notations = {name: reading.notation for name, reading in layout.readings.items() if reading.notation}
    lines = [line for name, notation in notations.items() for line in _notation(name, notation)]
    script.add("Data", "\n".join(("# How the cells of these columns are written", "NOTATIONS = {", *lines, "}")))
    if any(notation.durations for notation in notations.values()):
        script.add("Data", cell_readers.DURATIONS.replace("{matched}", matched))
    if not all(notation.durations for notation in notations.values()):
        script.add("Data", cell_readers.IN_NOTATION.replace("{matched}", matched))


def _notation(name: str, notation: Notation) -> list[str]:
    """Return the lines that hold a notation, its pattern in pieces that are short enough."""
    pieces = textwrap.wrap(notation.pattern, _PIECE, break_on_hyphens=False, drop_whitespace=False)
    more: list[str] = []
    if notation.durations:
        more = ['"factors": {' + ", ".join(f"{quoted(part)}: {factor}" for part, factor in notation.durations) + "}"]
    else:
        more = [f'"grouping": {quoted(notation.grouping)}', f'"decimal": {quoted(notation.decimal)}']
    if notation.scales:
        more.append('"scales": {' + ", ".join(f"{quoted(word)}: {factor}" for word, factor in notation.scales) + "}")
    return [
        f"    {quoted(name)}: {{",
        '        "pattern": (',
        *(f"            {quoted(piece)}" for piece in pieces),
        "        ),",
        *(f"        {line}," for line in more),
        "    },",
    ]


def _looks_up_classes(layout: Layout) -> bool:
    """Whether the classes of the target must be looked up; yes and no are already indices, and so are labels."""
    asked = layout.data.asked
    if asked.more_targets or not layout.data.classes:
        return False
    return layout.sheet.raws[asked.target].kind != "boolean"


def _drops_classes(layout: Layout) -> bool:
    """Whether rows of rare classes are left out."""
    asked = layout.data.asked
    return asked.min_class is not None and min_class_of(asked.min_class)[1] == "drop"


def _class_look_up(layout: Layout) -> tuple[str, str]:
    """Return the script's function that gives classes their indices, and its argument for values that are no class."""
    asked = layout.data.asked
    if _drops_classes(layout):
        return "class_indices", ""
    if not layout.data.classes or not _holds_more(layout, asked.target, layout.data.classes):
        return "places", ""
    return "places", ", np.nan" if asked.min_class is None else ", len(CLASSES) - 1"  # in rows left out, or joined


def _add_columns(script: Script, layout: Layout) -> None:
    """Add the constants that describe the columns."""
    numeric, categories = layout.numeric(), layout.categories()
    if numeric:
        readers = {column.name: Name(_reader(layout, column.name)) for column in numeric}
        script.add("Data", assigned("NUMERIC", readers, "column: how its cells are read"))
    if origins := {column.name: column.origin for column in numeric if column.origin}:
        script.constant("ORIGINS", origins, "subtracted before float32, so that no digits are lost")
    if categories:
        levels = {column.name: _levels(layout, column.name, column.levels) for column in categories}
        script.constant("LEVELS", levels, "of the categories, most frequent first")
    if rests := _rests(layout):
        script.constant("RESTS", rests, "the level of all other values, which are rarer")
    asked = layout.data.asked
    if asked.more_targets:
        readers = {name: Name(_reader(layout, name)) for name in asked.targets}
        script.add("Data", assigned("TARGETS", readers, "column: how its cells are read"))
    if _looks_up_classes(layout):
        target = asked.target
        script.constant("CLASSES", _levels(layout, target, layout.data.classes), "in the order of their indices")


def _rests(layout: Layout) -> dict[str, int]:
    """Return the index of the level that stands for all rarer values, for the categories that have one."""
    return {
        column.name: len(column.levels) - 1
        for column in layout.categories()
        if _holds_more(layout, column.name, column.levels)
    }


def _holds_more(layout: Layout, name: str, levels: tuple[str, ...]) -> bool:
    """Whether a column holds other values than these."""
    from lossterm.data.files.sheet import RARE_WORD, as_words

    raw = layout.sheet.raws[name]
    values = raw.words if raw.kind in ("word", "boolean") else as_words(raw).words
    rare = raw.kind == "word" and bool((raw.values == RARE_WORD).any())
    return rare or not set(values) <= set(levels)


def _levels(layout: Layout, name: str, levels: tuple[str, ...]) -> list[object]:
    """Return levels as the script's reader of the column gives them: words or numbers."""
    raw = layout.sheet.raws[name]
    if raw.kind == "word":
        return list(levels)
    if raw.kind == "date":
        raise layout.sheet.refusal(
            "scripts cannot read dates as categories. Leave it out of --categorical.", None, name
        )
    numbers = {word: float(place) for place, word in enumerate(raw.words)} if raw.kind == "boolean" else {}
    return [numbers.get(level, _number(level)) for level in levels]


def _number(level: str) -> float | str:
    try:
        return float(level)
    except ValueError:
        return level  # the level of all rarer values


def _load(layout: Layout) -> list[str]:
    """Return the function that loads features and target."""
    asked, classes = layout.data.asked, layout.data.classes
    lines = [
        "@cache",
        "def load():",
        f'    """Return features (rows, columns), NaN where missing, and the target'
        f"{' and group' if asked.group else ''}{' and weight' if asked.sample_weight else ''} of each row"
        f'{", in order of time" if asked.time else ""}."""',
        "    cells = read()",
        *_own_codes_emptied(layout),
    ]
    origin = " - ORIGINS.get(name, 0.0)" if any(column.origin for column in layout.numeric()) else ""
    if layout.numeric():
        lines.append(f"    columns = [reader(cells[name]){origin} for name, reader in NUMERIC.items()]")
    if layout.categories():
        readers = {_reader(layout, column.name) for column in layout.categories()}
        if len(readers) > 1:
            raise DataError(f"{asked.path}: scripts cannot read categories of words beside categories of numbers.")
        rest = ", RESTS.get(name)" if _rests(layout) else ""
        encoded = f"[places({readers.pop()}(cells[name]), levels{rest}) for name, levels in LEVELS.items()]"
        lines.append(f"    columns {'+=' if layout.numeric() else '='} {encoded}")
    lines.append("    x = np.column_stack(columns).astype(np.float32)")
    lines.append(f"    y = {_target(layout)}")
    if asked.group is not None:
        lines.append(f"    groups = numbered({_reader(layout, asked.group)}(cells[GROUP]))")
    if asked.sample_weight is not None:
        lines.append(f"    weights = {_reader(layout, asked.sample_weight)}(cells[WEIGHT]).astype(np.float32)")
    if asked.time is not None:
        lines += [
            f"    time = {_reader(layout, asked.time)}(cells[TIME])",
            f"    rows = np.flatnonzero({_there(layout)} & ~np.isnan(time))",
            '    rows = rows[np.argsort(time[rows], kind="stable")]',
        ]
    elif layout.data.rows < layout.sheet.rows:
        lines.append(f"    rows = np.flatnonzero({_there(layout)})")
    cut = "[rows]" if asked.time is not None or layout.data.rows < layout.sheet.rows else ""
    groups = f", groups{cut}" if asked.group else ""
    weights = f", weights{cut}" if asked.sample_weight else ""
    one_hot = ".argmax(axis=1)" if asked.more_targets and classes and not layout.data.target_shape else ""
    return [*lines, f"    return x{cut}, y{cut}{one_hot or ('.astype(int)' if classes else '')}{groups}{weights}"]


def _target(layout: Layout) -> str:
    """Return the expression of the target: numbers, indices of classes, or several columns beside each other."""
    asked = layout.data.asked
    if asked.more_targets:
        return "np.column_stack([reader(cells[name]) for name, reader in TARGETS.items()])"
    target = f"{_reader(layout, asked.target)}(cells[TARGET])"
    look_up, rest = _class_look_up(layout)
    return f"{look_up}({target}, CLASSES{rest})" if _looks_up_classes(layout) else target


def _there(layout: Layout) -> str:
    """Return the expression of whether each row has a target, (rows,)."""
    return "~np.isnan(y).any(axis=1)" if layout.data.asked.more_targets else "~np.isnan(y)"


def _preprocessing(script: Script, layout: Layout) -> list[str]:
    """Return the function that makes the transformer, and add its imports."""
    numeric, categories = layout.numeric(), layout.categories()
    script.imports |= {"from sklearn.compose import ColumnTransformer", "from sklearn.pipeline import make_pipeline"}
    lines = [
        "def preprocessing():",
        '    """Return what imputes, scales and encodes features, to be fitted on the training rows only."""',
        "    parts = []",
    ]
    if numeric:
        script.imports |= {
            "from sklearn.impute import SimpleImputer",
            "from sklearn.preprocessing import StandardScaler",
        }
        numbers = "list(range(len(NUMERIC)))"
        lines += [
            '    imputed = SimpleImputer(strategy="median", keep_empty_features=True)',
            f'    parts.append(("numbers", make_pipeline(imputed, StandardScaler()), {numbers}))',
        ]
    if missing := [place for place, column in enumerate(numeric) if column.missing]:
        script.imports.add("from sklearn.impute import MissingIndicator")
        lines.append(f'    parts.append(("missing", MissingIndicator(features="all"), {missing}))')
    if categories:
        lines += _encoding(script, layout)
    return [*lines, "    return ColumnTransformer(parts, sparse_threshold=0)"]


def _encoding(script: Script, layout: Layout) -> list[str]:
    script.imports.add("from sklearn.preprocessing import OneHotEncoder")
    start = f"start={len(layout.numeric())}" if not layout.numeric() else "start=len(NUMERIC)"
    lines = [f"    for place, (name, levels) in enumerate(LEVELS.items(), {start}):"]
    gaps = {column.name for column in layout.categories() if column.missing}
    width, steps = "len(levels)", ""
    if gaps:
        script.imports.add("from sklearn.impute import SimpleImputer")
        script.constant("GAPS", gaps, "categories with missing cells, which become one more level")
        lines.append('        filled = SimpleImputer(strategy="constant", fill_value=len(levels))')
        width, steps = "len(levels) + (name in GAPS)", "filled, "
    lines += [
        f"        known = [list(range({width}))]",
        '        encoder = OneHotEncoder(categories=known, handle_unknown="ignore", sparse_output=False)',
        f"        parts.append((name, make_pipeline({steps}encoder), [place]))",
    ]
    return lines
