"""Losses of overlap for masks: a class for each pixel of a row's image, target (rows, h, w) of indices 0 … K−1.

The output is a logit of class 1 for each pixel, (rows, h, w), where there are two classes, and a logit of each class,
(rows, h, w, K), where there are more. Class 0 is the background. Losses of single pixels, such as cross-entropy, train
on masks too, as the mean over the pixels of an image.

Notation: p_c the probability of class c at a pixel, y_c whether it is the true one; TP_c = Σ p_c·y_c,
FP_c = Σ p_c·(1 − y_c) and FN_c = Σ (1 − p_c)·y_c over the pixels of an image, or of all images of a batch.
"""

from lossterm.losses.equivalent import FalseFriend
from lossterm.losses.loss import Array, Loss, Namespace, Parameter

IMAGE, BATCH = (1, 2), (0, 1, 2)
"""Axes of the pixels of an image, and of a batch."""


def every_class(xp: Namespace, y: Array, z: Array) -> tuple[Array, Array]:
    """Return truth and probability of each class, (rows, h, w, K)."""
    if len(z.shape) == 4:
        return xp.one_hot(y, z.shape[-1]), xp.exp(xp.log_softmax(z, axis=-1))
    there = xp.cast(y, z.dtype)
    p, q = xp.exp(-xp.softplus(-z)), xp.exp(-xp.softplus(z))
    return xp.stack([1 - there, there], axis=-1), xp.stack([q, p], axis=-1)


def overlaps(xp: Namespace, y: Array, z: Array, *, over: tuple[int, ...]) -> tuple[Array, Array, Array]:
    """Return TP, FP and FN of each class but the background, (rows, K−1), or (K−1,) over a whole batch."""
    truth, p = every_class(xp, y, z)
    truth, p = truth[..., 1:], p[..., 1:]
    hits = xp.sum(truth * p, axis=over)
    return hits, xp.sum(p, axis=over) - hits, xp.sum(truth, axis=over) - hits


def dice(xp: Namespace, y: Array, z: Array, *, smooth: float) -> Array:
    """1 − the mean over classes of (2TP + s)/(2TP + FP + FN + s), of each image."""
    hits, wrong, missed = overlaps(xp, y, z, over=IMAGE)
    return 1 - xp.mean((2 * hits + smooth) / (2 * hits + wrong + missed + smooth), axis=-1)


def batch_dice(xp: Namespace, y: Array, z: Array, *, smooth: float) -> Array:
    """1 − the mean over classes of (2TP + s)/(2TP + FP + FN + s), of all images of the batch together, ()."""
    hits, wrong, missed = overlaps(xp, y, z, over=BATCH)
    return 1 - xp.mean((2 * hits + smooth) / (2 * hits + wrong + missed + smooth), axis=-1)


def missed_index(xp: Namespace, y: Array, z: Array, *, alpha: float, beta: float, smooth: float) -> Array:
    """1 − (TP + s)/(TP + αFP + βFN + s) of each image and class, (rows, K−1), without cancellation near 0."""
    hits, wrong, missed = overlaps(xp, y, z, over=IMAGE)
    lost = alpha * wrong + beta * missed
    return lost / (hits + lost + smooth)


def tversky(xp: Namespace, y: Array, z: Array, *, alpha: float, beta: float, smooth: float) -> Array:
    """1 − the mean over classes of (TP + s)/(TP + αFP + βFN + s), of each image."""
    return xp.mean(missed_index(xp, y, z, alpha=alpha, beta=beta, smooth=smooth), axis=-1)


_TINY = 1e-12
"""Lower limit of what a root is taken of, whose slope at 0 is infinite."""


def focal_tversky(
    xp: Namespace, y: Array, z: Array, *, alpha: float, beta: float, gamma: float, smooth: float
) -> Array:
    """The mean over classes of (1 − Tversky index)^γ, of each image."""
    lost = missed_index(xp, y, z, alpha=alpha, beta=beta, smooth=smooth)
    return xp.mean(xp.power(xp.maximum(lost, _TINY), gamma), axis=-1)


def pixel_crossentropy(xp: Namespace, y: Array, z: Array) -> Array:
    """Mean over the pixels of an image of −ln p of the true class."""
    if len(z.shape) == 4:
        each = -xp.sum(xp.one_hot(y, z.shape[-1]) * xp.log_softmax(z, axis=-1), axis=-1)
    else:
        each = xp.softplus(z) - xp.cast(y, z.dtype) * z
    return xp.mean(each, axis=IMAGE)


def dice_crossentropy(xp: Namespace, y: Array, z: Array, *, weight: float, smooth: float) -> Array:
    """Dice of each image + weight·CE of its pixels."""
    return dice(xp, y, z, smooth=smooth) + weight * pixel_crossentropy(xp, y, z)


def generalised_dice(xp: Namespace, y: Array, z: Array) -> Array:
    """1 − 2Σ w_c·TP_c/Σ w_c(2TP_c + FP_c + FN_c) of each image, background included, w_c = 1/n_c², n_c pixels ≥ 1."""
    truth, p = every_class(xp, y, z)
    count = xp.sum(truth, axis=IMAGE)
    weight = 1 / xp.square(xp.maximum(count, 1))
    hits = xp.sum(weight * xp.sum(truth * p, axis=IMAGE), axis=-1)
    return 1 - 2 * hits / xp.sum(weight * (xp.sum(p, axis=IMAGE) + count), axis=-1)


def lovasz(xp: Namespace, truth: Array, errors: Array) -> Array:
    """Return the Lovász extension of 1 − IoU at errors ≥ 0 of each class, its mean over those in an image, (rows,).

    Both are (rows, h, w, K). The largest error comes first; each weighs as much as it takes from the IoU when it is
    added to those before it. Source: Berman, Rannen Triki & Blaschko 2018, algorithm 1.
    """
    shape = (-1, errors.shape[1] * errors.shape[2], errors.shape[3])
    truth, errors = xp.reshape(truth, shape), xp.reshape(errors, shape)
    order = xp.argsort(-errors, axis=1)
    truth, errors = xp.take_along_axis(truth, order, axis=1), xp.take_along_axis(errors, order, axis=1)
    there = xp.sum(truth, axis=1, keepdims=True)
    lost = 1 - (there - xp.cumsum(truth, axis=1)) / (there + xp.cumsum(1 - truth, axis=1))
    gained = xp.concatenate([lost[:, :1], lost[:, 1:] - lost[:, :-1]], axis=1)
    seen = xp.minimum(there[:, 0], 1)
    return xp.sum(seen * xp.sum(errors * gained, axis=1), axis=-1) / xp.sum(seen, axis=-1)


def lovasz_softmax(xp: Namespace, y: Array, z: Array) -> Array:
    """Lovász extension of 1 − IoU at the errors |y_c − p_c|."""
    truth, p = every_class(xp, y, z)
    return lovasz(xp, truth, xp.abs(truth - p))


def lovasz_hinge(xp: Namespace, y: Array, z: Array) -> Array:
    """Lovász extension of 1 − IoU at the hinges max(0, 1 − m), each class against the others."""
    if len(z.shape) == 3:
        z = xp.stack([-z, z], axis=-1)
        truth = xp.stack([1 - xp.cast(y, z.dtype), xp.cast(y, z.dtype)], axis=-1)
    else:
        truth = xp.one_hot(y, z.shape[-1])
    return lovasz(xp, truth, xp.maximum(1 - (2 * truth - 1) * z, 0))


SMOOTH = Parameter(
    name="smooth",
    default=1,
    low=1e-5,
    high=1e6,
    meaning="s, in pixels: what an image without the class loses by few wrong pixels; Keras has 1e-7",
    aliases=("smooth_nr",),
)
ALPHA = Parameter(name="alpha", default=0.3, low=0, high=10, meaning="α, weight of pixels that are wrongly given")
BETA = Parameter(name="beta", default=0.7, low=0, high=10, meaning="β, weight of pixels that are missed")
_VALID = "a class for each pixel"
_KERAS_DICE = FalseFriend(
    name="keras.losses.Dice",
    why="takes probabilities, sums all classes, the background too, over the whole batch unless axis says otherwise",
)
_KERAS_TVERSKY = FalseFriend(
    name="keras.losses.Tversky",
    why="has α = β = 0.5, takes probabilities, and sums all classes over the whole batch unless axis says otherwise",
)

MASKS = (
    Loss(
        key="dice",
        title="Dice loss of each image",
        kinds=("segmentation",),
        function=dice,
        formula="1 − mean_c (2TP+s)/(2TP+FP+FN+s), of an image",
        estimates="masks that overlap most, image by image",
        reading="logits",
        encoding="index",
        valid=_VALID,
        parameters=(SMOOTH,),
        proper=False,
        large_errors="gradient bounded, and about 0 where an object is missed for certain",
        use_when="objects are a small share of the pixels, and each image counts the same",
        avoid_when="probabilities are wanted, or many images have no object: there it judges a few wrong pixels alone",
        elsewhere=(),
        false_friends=(_KERAS_DICE,),
        aliases=("image_dice", "soft_dice"),
        usual=True,
        references=("Milletari, Navab & Ahmadi 2016, V-Net",),
    ),
    Loss(
        key="batch_dice",
        title="Dice loss of each batch",
        kinds=("segmentation",),
        function=batch_dice,
        formula="1 − mean_c (2TP+s)/(2TP+FP+FN+s), of a batch",
        estimates="masks that overlap most, all images taken for one",
        reading="logits",
        encoding="index",
        valid=_VALID,
        per="batch",
        parameters=(SMOOTH,),
        proper=False,
        large_errors="gradient bounded, and smaller for each image the more images a batch has",
        use_when="some images have no object, or small objects may count less than large ones",
        avoid_when="batches are small or differ in size: what it is depends on the batch",
        elsewhere=(),
        false_friends=(_KERAS_DICE,),
        references=(
            "Kodym, Španěl & Herout 2018, Segmentation of Head and Neck Organs at Risk Using CNN with Batch Dice Loss",
        ),
    ),
    Loss(
        key="tversky",
        title="Tversky loss",
        kinds=("segmentation",),
        function=tversky,
        formula="1 − mean_c (TP+s)/(TP+αFP+βFN+s)",
        estimates="masks that overlap most, drawn larger where β > α",
        reading="logits",
        encoding="index",
        valid=_VALID,
        parameters=(ALPHA, BETA, SMOOTH),
        proper=False,
        large_errors="gradient bounded, and about 0 where an object is missed for certain",
        use_when="missing an object's pixels is worse than giving it too many, or the reverse",
        avoid_when="both count the same (Dice), or probabilities are wanted",
        elsewhere=(),
        false_friends=(_KERAS_TVERSKY,),
        references=("Salehi, Erdogmus & Gholipour 2017, Tversky loss function for image segmentation",),
    ),
    Loss(
        key="focal_tversky",
        title="focal Tversky loss",
        kinds=("segmentation",),
        function=focal_tversky,
        formula="mean_c (1 − (TP+s)/(TP+αFP+βFN+s))^γ",
        estimates="masks that overlap most, drawn larger where β > α",
        reading="logits",
        encoding="index",
        valid=_VALID,
        parameters=(
            ALPHA,
            BETA,
            Parameter(
                name="gamma",
                default=0.75,
                low=0.1,
                high=10,
                meaning="γ, the power: below 1 images that are nearly right still pull; the authors write 1/γ for it",
            ),
            SMOOTH,
        ),
        proper=False,
        large_errors="gradient bounded; of images that are nearly right it is larger than Tversky's where γ < 1",
        use_when="as Tversky, where small objects should be followed to their last pixel",
        avoid_when="labels of pixels are uncertain at the edges: it then chases them",
        elsewhere=(),
        false_friends=(_KERAS_TVERSKY,),
        usual=True,
        references=("Abraham & Khan 2019, A novel focal Tversky loss function for lesion segmentation",),
    ),
    Loss(
        key="dice_crossentropy",
        title="Dice loss and cross-entropy",
        kinds=("segmentation",),
        function=dice_crossentropy,
        formula="1 − mean_c (2TP+s)/(2TP+FP+FN+s) + w·CE of pixels",
        estimates="between masks that overlap most and class probabilities",
        reading="logits",
        encoding="index",
        valid=_VALID,
        parameters=(
            Parameter(
                name="weight",
                default=1,
                low=0,
                high=1e3,
                meaning="w, weight of the cross-entropy",
                aliases=("lambda_ce",),
            ),
            SMOOTH,
        ),
        proper=False,
        large_errors="gradient of the cross-entropy, which does not fade where an object is missed",
        use_when="Dice alone begins badly: the usual remedy, and the default of nnU-Net",
        avoid_when="one of the two is enough",
        elsewhere=(),
        aliases=("dice_ce",),
        usual=True,
        references=("Isensee et al. 2021, nnU-Net",),
    ),
    Loss(
        key="generalised_dice",
        title="generalised Dice loss",
        kinds=("segmentation",),
        function=generalised_dice,
        formula="1 − 2Σ w_c·TP_c/Σ w_c(2TP_c+FP_c+FN_c), w_c = 1/n_c²",
        estimates="masks that overlap most, classes alike whatever their size",
        reading="logits",
        encoding="index",
        valid=_VALID,
        proper=False,
        large_errors="gradient bounded, and led by the smallest class of an image",
        use_when="classes differ in size by orders of magnitude within an image",
        avoid_when="a class has a handful of pixels: it then outweighs all others",
        elsewhere=(),
        aliases=("generalized_dice",),
        references=("Sudre et al. 2017, Generalised Dice overlap as a deep learning loss function",),
    ),
    Loss(
        key="lovasz_softmax",
        title="Lovász-softmax loss",
        kinds=("segmentation",),
        function=lovasz_softmax,
        formula="Lovász extension of 1 − IoU at |y_c − p_c|",
        estimates="masks of the largest IoU, image by image",
        reading="logits",
        encoding="index",
        valid=_VALID,
        proper=False,
        large_errors="gradient ∓ what a pixel takes from the IoU, times that of its probability",
        use_when="IoU is what counts, for small objects above all",
        avoid_when="probabilities are wanted, or from scratch: it is best after, or beside, cross-entropy",
        elsewhere=(),
        aliases=("lovasz",),
        references=("Berman, Rannen Triki & Blaschko 2018, The Lovász-Softmax loss",),
    ),
    Loss(
        key="lovasz_hinge",
        title="Lovász hinge",
        kinds=("segmentation",),
        function=lovasz_hinge,
        formula="Lovász extension of 1 − IoU at max(0, 1 − m)",
        estimates="masks of the largest IoU, image by image",
        reading="scores",
        encoding="index",
        valid=_VALID,
        large_errors="gradient ∓ what a pixel takes from the IoU while its margin is below 1, then 0",
        use_when="IoU is what counts and no probabilities are wanted",
        avoid_when="probabilities are wanted: the output has none",
        elsewhere=(),
        references=("Yu & Blaschko 2015, Learning Submodular Losses with the Lovász Hinge",),
    ),
)
