"""Every term and sign that screens and tables use, each in a sentence or two: one record, and nothing else to do.

The help of the app, `lossterm explain` and docs/glossary.md are made from it.
"""

import re
from collections.abc import Iterable

import msgspec

BRAILLE = "".join(map(chr, range(0x2801, 0x2900)))
"""Signs that curves and points are drawn with."""


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """One entry."""

    name: str
    """What it is called; a sign is called by itself."""
    says: str
    """What it means."""
    signs: str = ""
    """Signs that stand for it, each a single character."""
    also: tuple[str, ...] = ()
    """Other words for it, as tables and panels write them."""

    @property
    def head(self) -> str:
        """Its name with its other words and signs, for lists; of many signs the first and the last."""
        signs = list(self.signs) if len(self.signs) <= 6 else [self.signs[0], "…", self.signs[-1]]
        return ", ".join(dict.fromkeys((self.name, *self.also, *([" ".join(signs)] if signs else []))))

    @property
    def short(self) -> str:
        """Its name and at most some of its signs, for a narrow column."""
        signs = "" if self.signs in (self.name, "") else f" {self.signs[:4]}"
        return f"{self.name}{signs}"

    def is_in(self, text: str) -> bool:
        """Whether a text uses it."""
        if any(sign in text for sign in self.signs):
            return True
        return any(re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text) for word in (self.name, *self.also))


GLOSSARY: tuple[Term, ...] = (
    # What is compared
    Term(name="task", says="Data, what is to be predicted from them, and the network that it begins with."),
    Term(
        name="loss",
        says="What a training makes small. Losses have different units: only metrics compare them with each other.",
    ),
    Term(
        name="metric", says="What final predictions are judged by, alike for every loss: mae, accuracy, r2 and so on."
    ),
    Term(
        name="seed",
        also=("seeds",),
        says="A number that fixes initial weights, the split or draw of the data and the order of batches. Losses are "
        "compared on the same seeds; more seeds tell smaller differences from chance.",
    ),
    Term(
        name="trial",
        also=("trials", "training", "trainings"),
        says="One training: a loss, a seed and a learning rate on a task.",
    ),
    Term(name="epoch", also=("epochs",), says="One pass of a training over all training rows."),
    Term(
        name="protocol",
        also=("tutorial", "published"),
        says="How a comparison is made. fair: rows split into train, validation and test for each seed, the rate tuned "
        "per loss on validation, the table from test. tutorial and published repeat what others printed.",
    ),
    Term(name="train", says="The rows that networks learn from."),
    Term(
        name="validation",
        says="The rows that choose the learning rate and that curves show; the table is not from them.",
    ),
    Term(name="test", says="The rows that the table is from; nothing is chosen by them."),
    Term(
        name="lr",
        also=("rate", "learning rate", "tune"),
        says="The learning rate: how far each step goes. tune tries several for each loss and judges it at its best. "
        "* beside it says that this one lies at the edge of those tried.",
    ),
    Term(
        name="lr sweep",
        signs="‹›",
        says="The validation score at each rate tried, the lowest rate first, a higher bar being better; ‹ › stand "
        "around "
        "the one that was chosen.",
    ),
    Term(name="batch", says="Rows that one step of a training looks at."),
    Term(name="hidden", says="Units of each hidden layer of the network: 64,32 are two layers."),
    Term(
        name="constant",
        also=("constant prediction",),
        says="The prediction that is the same for every row, as good as that can be. A loss that does not beat it has "
        "learnt nothing from the features.",
    ),
    # What came out
    Term(
        name="verdict",
        also=("best", "worse", "equal", "open"),
        says="What the seeds show of a loss: best, worse (surely behind), equal (behind by less than matters) or open "
        "(more seeds are needed to tell).",
    ),
    Term(
        name="ROPE",
        signs="░",
        says="The region of practical equivalence: a difference within it is too small to matter. It is drawn as a "
        "strip; "
        "in a bar of progress the same sign is what is still to be trained.",
    ),
    Term(
        name="Δ",
        signs="Δ",
        also=("Δ to best",),
        says="How far a loss is behind the best in the metric, the mean over the same seeds.",
    ),
    Term(
        name="interval",
        signs="±",
        says="± and [ , ] are between what the true value lies, in 95 of 100 cases; that of Δ holds for the whole "
        "table "
        "at once.",
    ),
    Term(name="beaten", says="On how many of the seeds the best loss is ahead of this one."),
    Term(
        name="worse/equal/better %",
        also=("worse/equal/better",),
        says="How likely the loss is truly worse than the best, equal to it or better, given the seeds.",
    ),
    Term(
        name="collapsed",
        signs="◇",
        says="A training that ended in a network which predicts one class, or one number, for every row.",
    ),
    Term(
        name="diverged",
        signs="×",
        says="A training whose loss grew beyond all bounds. In decision maps × is a row that is predicted wrong; "
        "between two numbers it means times.",
    ),
    Term(name="†", signs="†", says="A loss whose probabilities are not to be taken as they are: it is not proper."),
    Term(
        name="★",
        signs="★",
        also=("advised",),
        says="A loss that is advised for these data, by a rule of thumb that names its number.",
    ),
    Term(
        name="Next",
        says="What the table suggests to do, what the verdict needs most first: each with its key and about how long "
        "it "
        "takes.",
    ),
    Term(
        name="race",
        says="Training in rounds until all is settled: losses that are clearly worse stop early.",
    ),
    Term(
        name="settle",
        also=("settled", "settles"),
        says="To train so many seeds that what is open becomes worse or equal.",
    ),
    Term(
        name="forest plot",
        signs="├┤◂▸",
        says="A line for each loss: ├──●──┤ is Δ and its interval, │ is no difference, dots beneath are single "
        "seeds, and "
        "◂ ▸ mark what goes on beyond the axis.",
    ),
    # Charts
    Term(
        name="band",
        says="Between the 10th and the 90th percentile over seeds, around the median curve.",
    ),
    Term(
        name="curves and points",
        signs=BRAILLE,
        says="Curves and points of charts, eight dots to a character; --markers blocks draws them with blocks.",
    ),
    Term(
        name="axes",
        signs="└┬┼",
        says="Axes of charts and their labels. In the line beneath the predictions ┼ is an epoch that was kept.",
    ),
    Term(
        name="bars",
        signs="▁▂▃▄▅▆▇█▀▏▎▍▌▋▊▉▐",
        says="Bars of a histogram, of scores (higher is better), of rows in a class, or of progress. ▄ in a decision "
        "map "
        "is a cell whose lower half is another class, and at the edge of a list the place in it.",
    ),
    Term(name="clipped", signs="▲▼", says="Here a curve goes on beyond the axis, which follows most of the values."),
    Term(name="0", signs="┊", says="The upright line at a residual of 0."),
    Term(
        name="chosen",
        signs="●",
        says="The task that is chosen, the rate that was chosen, the kept epoch that is shown, or the open session.",
    ),
    Term(name="not chosen", signs="○", says="A task that could be chosen."),
    Term(name="ticked", signs="■", says="A loss that a run would train."),
    Term(name="not ticked", signs="□", says="A loss that a run would leave out."),
    Term(
        name="marked",
        signs="✓",
        says="A comparison that is marked, to be set beside others; before an axis of stress, that it was swept.",
    ),
    Term(
        name="right",
        signs="•",
        says="In decision maps a test row that is predicted right. Elsewhere it begins a sentence of a list.",
    ),
    Term(name="unknown", signs="?", says="A cell of a decision map where no prediction is finite."),
    # Anatomy
    Term(
        name="residual",
        also=("residuals", "e = f − y"),
        says="Prediction less target, in the unit that the loss sees.",
    ),
    Term(name="margin", also=("margins",), says="By how much the true class is ahead; below 0 the row is wrong."),
    Term(
        name="gradient",
        also=("slope",),
        says="What pulls on the weights. Where few rows hold much of it, a training follows these rows.",
    ),
    Term(
        name="worst 1 %",
        says="The hundredth of the training rows with the largest residuals or smallest margins, and the share of the "
        "gradient that they hold.",
    ),
    Term(
        name="marked row",
        signs="◆",
        says="The training row under the cursor, wherever it is drawn. On the ribbon of a stress sweep where the "
        "table itself is.",
    ),
    # Predictions
    Term(
        name="decision maps",
        signs="▒▓",
        says="Which class is predicted where, for two features; paler where the network is less sure. On the ribbon of "
        "a stress sweep ▒ is a span in which others are not shown to be worse.",
    ),
    Term(
        name="confusion",
        also=("confusion matrices", "confusion matrix"),
        says="How many rows of each true class are predicted as which class.",
    ),
    Term(
        name="reliability",
        says="How often what was predicted with some probability came true: on the diagonal, probabilities can be "
        "taken as they are. The gap is how far they are from it, on average over the rows shown; the metric ece is of "
        "all test rows, in bins of as many rows each, less what luck adds.",
    ),
    Term(
        name="log scale",
        says="Equal ratios are equally far apart, since most values would crowd in a corner otherwise.",
    ),
    Term(
        name="by quantile", says="Equal shares of the values are equally far apart, since most would crowd in a corner."
    ),
    Term(
        name="leak",
        also=("Leak?",),
        says="A column that gives the target away: scores come from it, not from the loss.",
    ),
    # Stress sweeps
    Term(
        name="stress sweep",
        also=("stress sweeps",),
        says="The same comparison on worse and worse data, to see until which level of what is done to them a loss is "
        "the one to take.",
    ),
    Term(
        name="tipping point",
        also=("tipping points",),
        says="The level from which on another loss is ahead of the reference, or of the loss taken before it: the "
        "median over the seeds, with an interval. A dotted upright line marks it.",
    ),
    Term(
        name="ribbon",
        says="Which loss is best at each level of a sweep, in its colour; hatched ▒ where others are not shown to be "
        "worse.",
    ),
    Term(
        name="own level",
        signs="╎",
        says="How bad the table itself seems to be, as estimated from it, on the axis of a sweep.",
    ),
    # Signs of writing
    Term(name="nothing", signs="–", says="There is no such number, or it is not shown. Between two numbers: to."),
    Term(name="shortened", signs="…", says="Something was cut for want of room, or is still to come."),
    Term(name="and", signs="·", says="Separates parts of a line; before a loss it says that this one does not fit."),
    Term(name="about", signs="≈~", says="About: an estimate."),
    Term(name="minus", signs="−", says="Minus."),
    Term(
        name="at most, at least", signs="≤≥", says="At most, at least; at the ends of a histogram what lies beyond too."
    ),
    Term(name="not equal", signs="≠", says="Is not."),
    Term(
        name="direction",
        signs="↑↓←→›",
        says="Keys of the cursor, and the direction in which an axis grows. › ‹ at the ends of bars: rows lie beyond.",
    ),
    Term(
        name="formula",
        signs="αβγδετπσωΣℓ′∝∓√∞½²³",
        says="Letters of formulas: parameters of a loss, and the usual signs of mathematics.",
    ),
    Term(
        name="frame", signs="╭─╮│╰╯┌┐┘", says="Frames of panels and dialogs; the one with the keys has another colour."
    ),
)
"""Every entry, in the order in which docs/glossary.md has them."""


def term_named(text: str) -> Term | None:
    """Return the entry of a name, another word or a sign, in any case; None where there is none."""
    plain = text.strip()
    for exact in (True, False):
        for term in GLOSSARY:
            words = (term.name, *term.also)
            if plain in (words if exact else map(str.casefold, words)) or (len(plain) == 1 and plain in term.signs):
                return term
        plain = plain.casefold()
    return None


def terms_in(text: str, *, without: Iterable[str] = ()) -> tuple[Term, ...]:
    """Return the entries that a text uses, in their order, without those of some names."""
    left_out = frozenset(without)
    return tuple(term for term in GLOSSARY if term.name not in left_out and term.is_in(text))


def signs_explained() -> frozenset[str]:
    """Return every sign that has an entry."""
    return frozenset(sign for term in GLOSSARY for sign in term.signs)


def markdown() -> str:
    """Return the whole glossary as a table."""
    rows = [f"| {_cell(term.head)} | {_cell(term.says)} |" for term in GLOSSARY]
    return "\n".join(["| term or sign | what it says |", "|---|---|", *rows])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*")
