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
DAYS = '''
def days(cells):
    """Return cells as days since 1970, NaN where a cell is not an ISO 8601 date."""
    values = []
    for cell in cells:
        cell = cell.strip()
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
        for form in formats:
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
def places(values, levels):
    """Return the index of each value among the levels, NaN where it is missing; the last for a rarer value."""
    known = {level: place for place, level in enumerate(levels)}
    return np.array([value if value != value else known.get(value, len(levels) - 1) for value in values])
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
    """Return the arrays of the file by their names, those of two dimensions column by column."""
    cells = {}
    with np.load(DATA) as arrays:
        for name, array in arrays.items():
            if array.ndim == 1 or (array.ndim == 2 and array.shape[1] == 1):
                cells[name] = array.ravel()
            elif array.ndim == 2:
                cells |= {f"{name}_{place}": column for place, column in enumerate(array.T)}
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
    return {name: unpacked(column.combine_chunks()) for name, column in zip(NAMES, parquet.read_table(DATA).columns)}


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
