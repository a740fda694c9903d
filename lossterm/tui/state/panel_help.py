"""What the help says of the place that has the keys: the panel, the field, what is under the cursor, its signs."""

from typing import NamedTuple

from lossterm.text.glossary import Term, terms_in

PANELS: dict[str, str] = {
    "tasks": "The tasks that losses can be compared on: shipped ones, then tables of your own. ● is the chosen one.",
    "losses": "The losses that fit the task. A run trains those that are ticked; the colour of a box is that of its "
    "curve.",
    "settings": "What each training is like. A value that cannot be is said here as it is typed.",
    "curves": "Loss and metric over the epochs, one colour for each loss: the median over seeds and a band.",
    "scores": "Who is best, by how much and how surely. Beneath the sentence is what can be done next, then a line "
    "for each "
    "loss, then what has to be known of the numbers.",
    "anatomy": "What each ticked loss makes of an error, where the rows of its models lie, and which rows decide.",
    "predictions": "What the first seed's models predict for test rows that they have not seen, at each kept epoch. "
    "Images, sequences and masks are shown row by row. The first are those that the last model gets most wrong: of "
    "classes the surest wrong ones, of numbers the furthest off, of masks those with the lowest Dice, as the mean over "
    "the losses' last models.",
    "sessions": "Every comparison of every session, the last one first; the one under the cursor can be brought back.",
    "stress": "Until which level of what is done to the data a loss is the one to take. On the left are the axes, "
    "beside them what is known of one, then what its sweep found.",
    "filter": "A pattern over names; what does not match is not shown.",
}
"""Id of a panel → what it is."""

EVERYWHERE = ("frame", "and", "task", "loss", "train", "test", "bars", "curves and points", "axes")
"""Terms that are not told with every panel that has them."""

MOST_TERMS = 30
"""Terms that are told of one panel."""


class Here(NamedTuple):
    """What the help says first."""

    title: str
    """Name of the panel."""
    says: tuple[str, ...]
    """What it is, and what is under the cursor, in sentences."""
    terms: tuple[Term, ...]
    """The terms and signs that are seen in it, signs first."""


def help_on(panel: str, title: str, under_cursor: str, seen: str) -> Here:
    """Return the help on a panel by its id; `under_cursor` is a sentence, and `seen` the text that is seen in it."""
    says = tuple(filter(None, (PANELS.get(panel, ""), under_cursor)))
    terms = sorted(terms_in(seen, without=EVERYWHERE), key=lambda term: not term.signs)
    return Here(title, says, tuple(terms[:MOST_TERMS]))
