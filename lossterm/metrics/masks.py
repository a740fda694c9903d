"""Metrics of masks: true and predicted class of each pixel, (rows, h, w). Class 0 is the background and is left out."""

from lossterm.metrics.metric import Array, Metric, Numpy, Outcome


def _classes(np: Numpy, o: Outcome) -> range:
    """Return the classes but the background: those of the outputs, if there are any, or else those that are seen."""
    if o.decision is not None and o.decision.ndim > o.target.ndim:
        return range(1, o.decision.shape[-1])
    return range(1, int(max(np.max(o.target), np.max(o.prediction), 1)) + 1)


def _iou(np: Numpy, o: Outcome) -> float:
    def one(c: int) -> float:
        true, predicted = o.target == c, o.prediction == c
        either = np.sum(true | predicted)
        return float(np.sum(true & predicted) / either) if either else float("nan")

    known = [value for value in map(one, _classes(np, o)) if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def _dice(np: Numpy, o: Outcome) -> float:
    return float(np.mean(_dice_of_classes(np, o)))


def dice_of_rows(np: Numpy, o: Outcome) -> Array:
    """Return the Dice coefficient of each row, (rows,); their mean is the metric."""
    return np.mean(_dice_of_classes(np, o), axis=0)


def _dice_of_classes(np: Numpy, o: Outcome) -> list[Array]:
    """Return for each class but the background the Dice coefficient of each row, (rows,)."""

    def one(c: int) -> Array:
        true, predicted = o.target == c, o.prediction == c
        both, total = (np.sum(part, axis=(1, 2)) for part in (true & predicted, true * 1 + predicted))
        return np.where(total > 0, 2 * both / np.maximum(total, 1), 1.0)

    return [one(c) for c in _classes(np, o)]


TOLERANCE = 1
"""Pixels by which a boundary may be off, in any direction, diagonals included."""


def _boundary(np: Numpy, mask: Array) -> Array:
    """Return the pixels of masks (rows, h, w) with a neighbour above, below or beside them that is not of the mask."""
    padded = np.pad(mask, ((0, 0), (1, 1), (1, 1)), mode="edge")
    inside = padded[:, :-2, 1:-1] & padded[:, 2:, 1:-1] & padded[:, 1:-1, :-2] & padded[:, 1:-1, 2:]
    return mask & ~inside


def _near(np: Numpy, mask: Array) -> Array:
    """Return the pixels within TOLERANCE of a mask."""
    size = 2 * TOLERANCE + 1
    height, width = mask.shape[1:]
    padded = np.pad(mask, ((0, 0), (TOLERANCE, TOLERANCE), (TOLERANCE, TOLERANCE)))
    shifted = [padded[:, y : y + height, x : x + width] for y in range(size) for x in range(size)]
    return np.any(shifted, axis=0)


def _boundary_f1(np: Numpy, o: Outcome) -> float:
    def one(c: int) -> Array:
        true, predicted = (_boundary(np, part == c) for part in (o.target, o.prediction))
        found, right = (
            np.sum(true & _near(np, predicted), axis=(1, 2)),
            np.sum(predicted & _near(np, true), axis=(1, 2)),
        )
        there, drawn = np.sum(true, axis=(1, 2)), np.sum(predicted, axis=(1, 2))
        recall, precision = found / np.maximum(there, 1), right / np.maximum(drawn, 1)
        f1 = 2 * recall * precision / np.where(recall + precision > 0, recall + precision, 1)
        return np.where((there == 0) & (drawn == 0), 1.0, f1)

    return float(np.mean([one(c) for c in _classes(np, o)]))


MASKS = (
    Metric(
        key="iou",
        title="intersection over union",
        kinds=("segmentation",),
        direction="max",
        formula="mean over classes but the background of TP / (TP + FP + FN), over all pixels",
        undefined="no image has an object, and none is predicted",
        source="Everingham et al. 2010, The PASCAL Visual Object Classes Challenge; Jaccard 1901",
        function=_iou,
    ),
    Metric(
        key="dice",
        title="Dice coefficient of an image",
        kinds=("segmentation",),
        direction="max",
        formula="mean over images and classes of 2·TP / (2·TP + FP + FN), 1 where there is none",
        source="Dice 1945, Measures of the Amount of Ecologic Association Between Species",
        function=_dice,
    ),
    Metric(
        key="boundary_f1",
        title="F1 of boundaries",
        kinds=("segmentation",),
        direction="max",
        formula="mean over images and classes of F1 of boundary pixels within 1 pixel of the other's",
        source="Csurka, Larlus & Perronnin 2013, What is a good evaluation measure for semantic segmentation?",
        function=_boundary_f1,
    ),
)
