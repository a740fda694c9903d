"""What the tests of metrics share."""

from lossterm.losses import Kind

SHAPED: dict[str, Kind] = {
    **dict.fromkeys(("rank_mae", "qwk"), "ordinal"),
    **dict.fromkeys(("label_macro_ap", "label_micro_ap", "label_macro_f1", "label_micro_f1", "hamming"), "multilabel"),
    **dict.fromkeys(("iou", "dice", "boundary_f1"), "segmentation"),
}
"""The metrics that are of one kind of ranks, labels or masks, with that kind."""
