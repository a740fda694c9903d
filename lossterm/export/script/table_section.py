"""A user table in a script: the same columns, levels and rules for missing values as here."""

from lossterm.data import Data
from lossterm.errors import DataError
from lossterm.export.script import cell_readers
from lossterm.export.script.column_readers import GROUPED, PLAIN, TYPED, WRITTEN, Layout, first_row, layout_of
from lossterm.export.script.plan import Plan
from lossterm.export.script.script_text import Name, Script, assigned, quoted


def add_table(script: Script, plan: Plan) -> tuple[str, str, bool]:
    """Add how the file is read and how features are prepared.

    Returns the line that loads it, the expression of an unfitted transformer, and whether it is Parquet.
    Raises DataError as `column_readers.layout_of` does.
    """
    data = plan.comparison.data
    assert isinstance(data, Data)
    layout = layout_of(data)
    asked = data.asked
    script.constant("DATA", asked.path)
    script.constant("TARGET", asked.target)
    for name, column in (("GROUP", asked.group), ("TIME", asked.time)):
        if column is not None:
            script.constant(name, column)
    _add_file(script, layout)
    _add_readers(script, layout)
    _add_columns(script, layout)
    script.imports.add("from functools import cache")
    script.add("Data", "\n".join(_load(layout)))
    script.add("Data", "\n".join(_preprocessing(script, layout)))
    names = "x, y, groups" if asked.group else "x, y"
    return f"{names} = load()", "preprocessing()", layout.sheet.form == "parquet"


def _add_file(script: Script, layout: Layout) -> None:
    sheet = layout.sheet
    if sheet.form == "npz":
        script.add("Data", cell_readers.READ_ARRAYS)
        return
    if sheet.form == "parquet":
        script.imports |= {"from pyarrow import parquet, types"}
        script.constant("NAMES", list(sheet.names), "of the columns, in the order of the file")
        script.add("Data", cell_readers.READ_COLUMNS)
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
    text = cell_readers.READ_TEXT.replace("{names}rows = ", f"{names}rows = " if names else "rows = list(")
    text = text.replace("skipinitialspace=True))", "skipinitialspace=True))" + ("" if names else ")"))
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
    functions = {PLAIN: "numbers", "day": "days", "yes": "truths", "word": "words"}
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
    if any(reading.how == "day" and not reading.formats for reading in readings):
        script.imports.add("from datetime import UTC, datetime")
        script.add("Data", cell_readers.DAYS)
    if any(reading.formats for reading in readings):
        script.imports |= {"from datetime import datetime", "from functools import partial"}
        script.add("Data", cell_readers.DAYS_BY)
    if "yes" in used:
        script.constant("YES", {reading.yes for reading in readings if reading.how == "yes"})
        script.add("Data", cell_readers.YES)
    if "word" in used:
        script.add("Data", cell_readers.WORDS)
    if TYPED in used:
        moments = layout.sheet.form == "npz" and any(
            layout.sheet.raws[name].kind == "date" for name, reading in layout.readings.items() if reading.how == TYPED
        )
        script.add("Data", cell_readers.READ_DAYS_OF_ARRAYS if moments else cell_readers.TYPED)
    asked = layout.data.asked
    if layout.categories() or _looks_up_classes(layout):
        script.add("Data", cell_readers.PLACES)
    if asked.group is not None:
        words = layout.readings[asked.group].how in ("word", "yes")
        script.add("Data", cell_readers.GROUPS_OF_WORDS if words else cell_readers.GROUPS_OF_NUMBERS)


def _looks_up_classes(layout: Layout) -> bool:
    """Whether the classes of the target must be looked up; yes and no are already indices."""
    data = layout.data
    return bool(data.classes) and layout.sheet.raws[data.asked.target].kind != "boolean"


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
    if _looks_up_classes(layout):
        target = layout.data.asked.target
        script.constant("CLASSES", _levels(layout, target, layout.data.classes), "in the order of their indices")


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
        f'{" and group" if asked.group else ""} of each row{", in order of time" if asked.time else ""}."""',
        "    cells = read()",
    ]
    origin = " - ORIGINS.get(name, 0.0)" if any(column.origin for column in layout.numeric()) else ""
    if layout.numeric():
        lines.append(f"    columns = [reader(cells[name]){origin} for name, reader in NUMERIC.items()]")
    if layout.categories():
        readers = {_reader(layout, column.name) for column in layout.categories()}
        if len(readers) > 1:
            raise DataError(f"{asked.path}: scripts cannot read categories of words beside categories of numbers.")
        encoded = f"[places({readers.pop()}(cells[name]), levels) for name, levels in LEVELS.items()]"
        lines.append(f"    columns {'+=' if layout.numeric() else '='} {encoded}")
    lines.append("    x = np.column_stack(columns).astype(np.float32)")
    target = f"{_reader(layout, asked.target)}(cells[TARGET])"
    lines.append(f"    y = places({target}, CLASSES)" if _looks_up_classes(layout) else f"    y = {target}")
    if asked.group is not None:
        lines.append(f"    groups = numbered({_reader(layout, asked.group)}(cells[GROUP]))")
    if asked.time is not None:
        lines += [
            f"    time = {_reader(layout, asked.time)}(cells[TIME])",
            "    rows = np.flatnonzero(~np.isnan(y) & ~np.isnan(time))",
            '    rows = rows[np.argsort(time[rows], kind="stable")]',
        ]
    elif layout.data.rows < layout.sheet.rows:
        lines.append("    rows = np.flatnonzero(~np.isnan(y))")
    cut = "[rows]" if asked.time is not None or layout.data.rows < layout.sheet.rows else ""
    groups = f", groups{cut}" if asked.group else ""
    return [*lines, f"    return x{cut}, y{cut}{'.astype(int)' if classes else ''}{groups}"]


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
