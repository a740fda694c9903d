"""Functions, as text, with which a script reads the cells of a column."""

NUMBERS = '''
def numbers(cells):
    """Return cells as numbers, NaN where a cell holds none."""
    values = []
    for cell in cells:
        try:
            values.append({plain})
        except ValueError:
            values.append(np.nan)
    return np.array(values)
'''
UNGROUPED = '''
GROUPED = re.compile(
    r"[$€£¥]?\\s*[+-]?\\s*[$€£¥]?(?!0)\\d{1,3}(?P<group>[.,'\\u2019 \\u00a0\\u202f])\\d{3}(?:(?P=group)\\d{3})*"
    r"(?!(?P=group))[.,]\\d+\\s*[%$€£¥]?"
)


def ungrouped(cell):
    """Return a number without its separators of thousands, where its decimal sign shows which they are."""
    grouped = GROUPED.fullmatch(cell)
    return cell.replace(grouped["group"], "") if grouped else cell
'''
WRITTEN_NUMBERS = '''
AMOUNT = re.compile(r"[$€£¥]?\\s*([+-]?\\s*[$€£¥]?(?:\\d+(?:[.,]\\d*)?|[.,]\\d+)(?:[eE][+-]?\\d+)?)\\s*[%$€£¥]?")


def written_numbers(cells):
    """Return cells as numbers, whatever their decimal sign and unit; NaN where a cell is not a number."""
    values = []
    for cell in cells:
        amount = {matched}
        digits = re.sub(r"[$€£¥\\s]", "", amount[1]).replace(",", ".") if amount else "nan"
        values.append(float(digits))
    return np.array(values)
'''
IN_NOTATION = '''
def in_notation(cells, pattern, grouping="", decimal=".", scales=None):
    """Return cells as numbers that are written as the pattern says, NaN where a cell is not."""
    values = []
    for cell in cells:
        found = {matched}
        groups = found.groupdict() if found else {}
        if found is None or (groups.get("open") is None) != (groups.get("close") is None):
            values.append(np.nan)
            continue
        value = float(groups["digits"].translate(str.maketrans(decimal, ".", grouping)))
        value *= (scales or {}).get(groups.get("scale"), 1.0)
        negative = groups.get("open") or "-" in (groups["minus"], groups["again"], groups.get("behind"))
        values.append(-value if negative else value)
    return np.array(values)
'''
DURATIONS = '''
def durations(cells, pattern, factors):
    """Return durations in one unit, NaN where a cell is none."""
    values = []
    for cell in cells:
        found = {matched}
        if found is None:
            values.append(np.nan)
            continue
        value = sum(float(found[part] or 0) * factor for part, factor in factors.items())
        values.append(-value if found["minus"] else value)
    return np.array(values)
'''
CODED = '''
def coded(cells):
    """Return what the file holds as numbers, NaN for the codes of missing values."""
    values = typed(cells)
    return np.where(np.isin(values, CODES), np.nan, values)
'''
EMPTIED = '''
def emptied(cells, codes):
    """Return cells of text, empty where they are one of these."""
    return ["" if cell in codes else cell for cell in cells]
'''
WITHOUT_CODES = '''
def without_codes(cells, codes):
    """Return what the file holds as numbers, NaN for these."""
    values = typed(cells)
    return np.where(np.isin(values, codes), np.nan, values)
'''
DAYS = '''
def days(cells):
    """Return cells as days since 1970, NaN where a cell is not an ISO 8601 date."""
    values = []
    for cell in cells:
        {skipped}cell = cell.strip()
        try:
            moment = datetime.fromisoformat(f"{cell}-01" if len(cell) == len("2020-12") else cell)
        except ValueError:
            values.append(np.nan)
            continue
        moment = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
        values.append((moment - datetime(1970, 1, 1)).total_seconds() / 86400)
    return np.array(values)
'''
DAYS_BY = '''
def days_by(cells, formats):
    """Return cells as days since 1970, NaN where a cell is not a date in any of the formats."""
    values = np.full(len(cells), np.nan)
    for place, cell in enumerate(cells):
        {skipped}for form in formats:
            try:
                values[place] = (datetime.strptime(cell.strip(), form) - datetime(1970, 1, 1)).total_seconds() / 86400
                break
            except ValueError:
                continue
    return values
'''
YES = '''
def truths(cells):
    """Return 1 for yes and 0 for no, NaN where a cell stands for nothing."""
    words = [cell.strip().casefold() for cell in cells]
    return np.array([np.nan if word in MISSING else float(word in YES) for word in words])
'''
WORDS = '''
def words(cells):
    """Return cells as words, NaN where a cell stands for nothing."""
    stripped = [cell.strip() for cell in cells]
    return [np.nan if word.casefold() in MISSING else word for word in stripped]
'''
TYPED = '''
def typed(cells):
    """Return what the file holds as numbers."""
    return np.asarray(cells, float)
'''
PLACES = '''
def places(values, levels, rest=None):
    """Return the index of each value among the levels, NaN where it is missing; for any other `rest`, or an error."""
    known = {level: place for place, level in enumerate(levels)}
    others = sorted({ascii(value) for value in values if value == value and value not in known})
    if others and rest is None:
        raise SystemExit(f"{DATA} holds {', '.join(others[:3])}, unknown in the training: {levels} were there.")
    return np.array([value if value != value else known.get(value, rest) for value in values])
'''
KNOWN_CLASSES = '''
def class_indices(values, classes):
    """Return the index of each value among the classes, NaN where it is missing or none of them."""
    known = {name: place for place, name in enumerate(classes)}
    return np.array([known.get(value, np.nan) for value in values])
'''
GROUPS_OF_WORDS = '''
def numbered(values):
    """Return a number for each value, in the order in which they appear; missing values form a group."""
    known = {}
    return np.array([-1 if value != value else known.setdefault(value, len(known)) for value in values])
'''
GROUPS_OF_NUMBERS = '''
def numbered(values):
    """Return a number for each value, by size; missing values form a group."""
    return np.unique(np.nan_to_num(values, nan=-np.inf), return_inverse=True)[1]
'''

READ_TEXT = '''
def read():
    """Return the cells of each column by its name."""
    with open(DATA, encoding={encoding}, newline="") as file:
        {names}rows = filter(None, csv.reader(file, delimiter={delimiter}, skipinitialspace=True))
    return {cells}
'''
READ_ARRAYS = '''
def read():
    """Return the arrays of the file by their names, those of more dimensions column by column."""
    cells = {}
    with np.load(DATA) as arrays:
        for name, array in arrays.items():
            if array.ndim and array.size == len(array):
                cells[name] = array.ravel()
            elif array.ndim:
                columns = array.reshape(len(array), -1).T
                cells |= {f"{name}_{place}": column for place, column in enumerate(columns)}
    return cells
'''
READ_DAYS_OF_ARRAYS = '''
def typed(cells):
    """Return what the file holds as numbers, moments as days since 1970."""
    if cells.dtype.kind != "M":
        return np.asarray(cells, float)
    moments = cells.astype("datetime64[us]")
    return np.where(np.isnat(moments), np.nan, moments.astype(np.int64) / 86_400e6)
'''
READ_COLUMNS = '''
def read():
    """Return the columns of the file: lists of text, arrays of numbers, moments as days since 1970."""
    return {name: unpacked(column.combine_chunks()) for name, column in zip(NAMES, {read}(DATA).columns)}


def unpacked(column):
    """Return an array of Arrow's as a list of text or an array of numbers, None for anything else."""
    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if types.is_string(column.type) or types.is_large_string(column.type):
        return [cell or "" for cell in column.to_pylist()]
    if types.is_timestamp(column.type) or types.is_date(column.type):
        return unpacked(column.cast("timestamp[us]", safe=False).cast("int64")) / 86_400e6
    if types.is_primitive(column.type) or types.is_decimal(column.type):
        return column.cast("float64", safe=False).to_numpy(zero_copy_only=False)
    return None
'''
