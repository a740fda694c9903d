"""How the initial weights of a stack of dense layers are drawn, for the engine and for all that describes it."""

import msgspec


class Initializer(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which Keras draws a kernel."""

    key: str
    """Keras's name for it, as in `kernel_initializer="he_uniform"`."""
    keras: str
    """Its class in `keras.initializers`."""
    title: str
    """Its name in print."""


HE_UNIFORM = Initializer(key="he_uniform", keras="HeUniform", title="He-uniform")
GLOROT_UNIFORM = Initializer(key="glorot_uniform", keras="GlorotUniform", title="Glorot-uniform")
LECUN_NORMAL = Initializer(key="lecun_normal", keras="LecunNormal", title="LeCun-normal")

KERAS_DEFAULT = GLOROT_UNIFORM
"""How Keras draws a kernel unless told otherwise."""

HIDDEN = {
    **dict.fromkeys(("relu", "elu", "gelu", "silu", "leaky_relu"), HE_UNIFORM),
    **dict.fromkeys(("tanh", "sigmoid"), GLOROT_UNIFORM),
    "selu": LECUN_NORMAL,  # what its fixed point is derived for
}
"""Activation of a hidden layer → how its kernel is drawn. Biases begin at 0."""

OUTPUT = GLOROT_UNIFORM
"""How the kernel of the output layer is drawn, unless a standard deviation is given for it."""


def chosen_by_activation() -> str:
    """Say which activations have which initial kernels: he_uniform for relu and elu, …."""
    by_initializer: dict[str, list[str]] = {}
    for activation, initializer in HIDDEN.items():
        by_initializer.setdefault(initializer.key, []).append(activation)
    return ", ".join(f"{key} for {'/'.join(activations)}" for key, activations in by_initializer.items())
