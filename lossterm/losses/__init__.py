"""The catalogue of losses. Adding a loss is adding one record to the tuple of its family.

Notation: y target, f output of the network, e = f − y, z a logit or the logarithm of a prediction, y± the class as −1
or 1, m = y±·f the margin, σ the logistic function, p = softmax(z), p_t the probability given to the true class, K the
number of classes, n_c the training rows of class c, π their shares.
"""

from lossterm.losses.catalogue import (
    ALL,
    LEFT_OUT,
    LOSSES,
    USUAL,
    every_loss,
    fitting,
    loss_named,
    loss_recorded,
    losses_for,
    place_of,
    problems,
    usual,
)
from lossterm.losses.loss import (
    KINDS,
    Activation,
    Encoding,
    Kind,
    Link,
    Loss,
    Parameter,
    Reading,
    Scale,
    Targets,
    Variant,
)
from lossterm.losses.user_defined import Source, is_own, source_from

__all__ = [
    "ALL",
    "KINDS",
    "LEFT_OUT",
    "LOSSES",
    "USUAL",
    "Activation",
    "Encoding",
    "Kind",
    "Link",
    "Loss",
    "Parameter",
    "Reading",
    "Scale",
    "Source",
    "Targets",
    "Variant",
    "every_loss",
    "fitting",
    "is_own",
    "loss_named",
    "loss_recorded",
    "losses_for",
    "place_of",
    "problems",
    "source_from",
    "usual",
]
