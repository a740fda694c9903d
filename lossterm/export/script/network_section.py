"""The network, its optimizer and its training, as a person would write them with Keras."""

from lossterm.comparison.hyperparameters import MOMENTUM
from lossterm.comparison.initial_weights import KERAS_DEFAULT, OUTPUT
from lossterm.comparison.user_code_consent import refuse_unnamed
from lossterm.comparison.user_network import OPTION, source_of
from lossterm.export.script.layers_section import layer_lines
from lossterm.export.script.plan import Plan
from lossterm.export.script.script_text import USER_CODE, Name, Script
from lossterm.export.script.source_excerpt import Excerpts
from lossterm.text.numbers import exact

OPTIMIZERS = {
    "sgd": "SGD({rate})",
    "momentum": f"SGD({{rate}}, momentum={MOMENTUM})",
    "adam": "Adam({rate})",
    "rmsprop": "RMSprop({rate})",
    "adamw": "AdamW({rate})",
    "nadam": "Nadam({rate})",
    "adagrad": "Adagrad({rate})",
}
SCHEDULES = {
    "cosine": "CosineDecay(LEARNING_RATE, steps)",
    "linear": "PolynomialDecay(LEARNING_RATE, steps, end_learning_rate=0.0)",
    "exponential": "ExponentialDecay(LEARNING_RATE, steps, decay_rate=0.01)",
}

_KERNEL = '''
def kernel_seed(seed, place):
    """Return the seed of a layer's kernel: each has a separate stream."""
    return int(np.random.SeedSequence([seed, 0, place]).generate_state(1)[0] >> 1)
'''

_DROPOUT = '''
def dropout(seed, place):
    """Return a dropout layer with a separate random stream."""
    state = np.random.SeedSequence([seed, 3], spawn_key=(place,)).generate_state(1)[0]
    return keras.layers.Dropout(DROPOUT, seed=int(state))
'''

_BATCHES = '''
class Batches(keras.utils.PyDataset):
    """The training rows, in a new order for each epoch; the last batch is smaller where they do not divide evenly."""

    def __init__(self, x, y, seed):
        super().__init__()
        self.x, self.y, self.order = x, y, np.arange(len(x))
        self.stream = np.random.Generator(np.random.SFC64([seed, 1]))

    def __len__(self):
        return (len(self.x) + BATCH_SIZE - 1) // BATCH_SIZE

    def __getitem__(self, place):
        rows = self.order[place * BATCH_SIZE : (place + 1) * BATCH_SIZE]
        return self.x[rows], self.y[rows]

    def on_epoch_begin(self):
        self.order = self.stream.permutation(len(self.x))
'''


_WEIGHED = (
    ("def __init__(self, x, y, seed):", "def __init__(self, x, y, weights, seed):"),
    (
        "self.x, self.y, self.order = x, y, np.arange(len(x))",
        "self.x, self.y, self.weights, self.order = x, y, weights, np.arange(len(x))",
    ),
    ("return self.x[rows], self.y[rows]", "return self.x[rows], self.y[rows], self.weights[rows]"),
)
"""What is otherwise in the batches where rows weigh differently: `fit` takes the third part for sample weights."""


def add_network(script: Script, plan: Plan) -> None:
    """Add `build(seed)`, which returns the network with the initial weights of a seed."""
    h = plan.settings
    if h.model:
        _add_user_network(script, plan)
        return
    if len(plan.task.input_shape) > 1:
        script.constant("SHAPE", plan.task.input_shape)
        if h.dropout:
            script.constant("DROPOUT", h.dropout)
            script.add("Network", _DROPOUT)
        script.add("Network", _KERNEL)
        script.add("Network", "\n".join(layer_lines(plan)))
        return
    script.constant("FEATURES", plan.task.features)
    if h.hidden:
        script.constant("HIDDEN", h.hidden)
    if h.dropout:
        script.constant("DROPOUT", h.dropout)
    if h.l2:
        script.constant("L2", h.l2)
    script.add("Network", _KERNEL)
    if h.dropout:
        script.add("Network", _DROPOUT)
    script.add("Network", "\n".join(_stack(plan)))


def _stack(plan: Plan) -> list[str]:
    h = plan.settings
    penalty = ", kernel_regularizer=penalty" if h.l2 else ""
    lines = [
        "def build(seed):",
        '    """Return the network, with the initial weights of a seed."""',
        *(["    penalty = keras.regularizers.L2(L2)"] if h.l2 else []),
        "    model = keras.Sequential([keras.layers.Input((FEATURES,))])",
    ]
    if initializer := h.hidden_initializer:
        lines.append("    for place, units in enumerate(HIDDEN):")
        if initializer != KERAS_DEFAULT:
            lines.append(f"        # As in the training here; Keras's own default is {KERAS_DEFAULT.keras}.")
        lines.append(f"        drawn = keras.initializers.{initializer.keras}(kernel_seed(seed, place))")
        given = f"kernel_initializer=drawn{penalty}"
        if h.batch_norm:
            lines += [
                "        # Without a bias, which the normalisation would cancel.",
                f"        model.add(keras.layers.Dense(units, use_bias=False, {given}))",
                "        model.add(keras.layers.BatchNormalization())",
                f'        model.add(keras.layers.Activation("{h.activation}"))',
            ]
        else:
            lines.append(f'        model.add(keras.layers.Dense(units, "{h.activation}", {given}))')
        if h.dropout:
            lines.append("        model.add(dropout(seed, place))")
    place = "len(HIDDEN)" if h.hidden else "0"
    drawn = f"{OUTPUT.keras}(kernel_seed(seed, {place}))"
    if h.initial_sd is not None:
        drawn = f"RandomNormal(stddev={exact(h.initial_sd)}, seed=kernel_seed(seed, {place}))"
    head = "" if plan.loss.activation == "linear" else f'"{plan.loss.activation}", '
    return [
        *lines,
        f"    drawn = keras.initializers.{drawn}",
        f"    model.add(keras.layers.Dense({plan.units}, {head}kernel_initializer=drawn{penalty}))",
        "    return model",
    ]


def _add_user_network(script: Script, plan: Plan) -> None:
    source = source_of(plan.settings.model)
    refuse_unnamed(source, source.digest, OPTION)  # running the script runs it
    script.constant("FEATURES", plan.task.features)
    if source.file:
        excerpts = Excerpts()
        excerpts.take(source.file, source.name)
        script.imports |= excerpts.imports
        script.paths |= excerpts.paths
        script.add_user_code("Network", excerpts.text, excerpts.names)
    else:
        script.imports.add(f"from {source.place} import {source.name}")
        script.add_user_code("Network", "", {source.name})
    lines = [
        "def build(seed):",
        '    """Return the network, with the initial weights of a seed."""',
        "    keras.utils.set_random_seed(seed)",
        f"    model = {USER_CODE}{source.name}(FEATURES, {plan.units})",
        "    model(np.zeros((4, FEATURES), np.float32))  # builds the weights if the network waits for its input",
    ]
    if plan.loss.activation == "linear":
        lines.append("    return model")
    else:
        head = f'keras.layers.Activation("{plan.loss.activation}")'
        lines.append(f"    return keras.Sequential([keras.layers.Input((FEATURES,)), model, {head}])")
    script.add("Network", "\n".join(lines))


def add_training(script: Script, plan: Plan) -> None:
    """Add the batches, in the orders of a seed."""
    h = plan.settings
    for name, value in (
        ("EPOCHS", h.epochs),
        ("BATCH_SIZE", h.batch_size),
        ("LEARNING_RATE", Name(exact(plan.learning_rate))),
    ):
        script.constant(name, value)
    batches = _BATCHES
    for plain, weighed in _WEIGHED if plan.task.weights else ():
        batches = batches.replace(plain, weighed)
    script.add("Training", batches)


def training(plan: Plan, loss: str) -> list[str]:
    """Return the lines, unindented, that train `model`, from `x`, `targets`, `train` and `validation`."""
    h = plan.settings
    weights = "weights[train], " if plan.task.weights else ""
    lines = ["model = build(seed)", f"batches = Batches(x[train], targets[train], {weights}seed)"]
    rate = "LEARNING_RATE"
    if h.schedule != "constant":
        lines.append("steps = EPOCHS * len(batches)")
        lines.append(f"rate = keras.optimizers.schedules.{SCHEDULES[h.schedule]}")
        rate = "rate"
    lines.append(f"optimizer = keras.optimizers.{OPTIMIZERS[h.optimizer].format(rate=rate)}")
    if h.dropout or h.model:
        lines += [
            "# With XLA, which draws other random bits from a seed than TensorFlow's own kernels.",
            f"model.compile(optimizer=optimizer, loss={loss}, jit_compile=True)",
        ]
    else:
        lines.append(f"model.compile(optimizer=optimizer, loss={loss})")
    arguments = ["batches", "epochs=EPOCHS"]
    if h.early_stopping:
        lines += [
            "watch = keras.callbacks.EarlyStopping("
            f'monitor="val_loss", patience={h.early_stopping}, restore_best_weights=True)',
        ]
        arguments += [
            "validation_data=(x[validation], targets[validation])",
            "validation_batch_size=len(validation)",
            "callbacks=[watch]",
        ]
    if h.class_weight:
        lines += [
            "# Rows weigh n/(K·n_k), so that all classes count alike.",
            "names, counts = np.unique(y[train], return_counts=True)",
            f"weights = {{{_label(plan)}: len(train) / (len(names) * n) for k, n in zip(names, counts)}}",
        ]
        arguments.append("class_weight=weights")
    arguments += ["shuffle=False", "verbose=0"]
    line = f"model.fit({', '.join(arguments)})"
    lines.append("# The batches are shuffled already.")
    return [
        *lines,
        *([line] if len(line) <= 110 else ["model.fit(", *(f"    {argument}," for argument in arguments), ")"]),
    ]


def _label(plan: Plan) -> str:
    """Return the expression for class k in the target that the network sees."""
    return "2 * int(k) - 1" if plan.loss.encoding == "plus_minus_one" else "int(k)"
