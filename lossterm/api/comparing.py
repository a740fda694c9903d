"""`lossterm.compare`: ask for a comparison, follow it to its end, return its result."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Unpack, get_type_hints

from lossterm.api.comparison_result import Result, of_follower
from lossterm.api.given_losses import LossGiven, named_and_own
from lossterm.api.progress import Shows, progress_shown
from lossterm.api.settings import Keywords, Settings
from lossterm.api.subject import Subject, task_or_data
from lossterm.api.user_objects import place_of
from lossterm.api.wording import python_words
from lossterm.comparison.comparison import RATES_TO_TUNE, TUNE, Comparison
from lossterm.comparison.doubts import doubts
from lossterm.comparison.setting_catalogue import HYPERPARAMETERS, OF_COMPARISON
from lossterm.comparison.user_code_consent import trust_all_of
from lossterm.errors import DataError, OutOfRange, UnknownName, UsageError, WorkerError
from lossterm.following.follow import Follower, asking
from lossterm.following.narrator import narrate
from lossterm.home.tilde import expanded
from lossterm.losses import USUAL
from lossterm.store import Store, session_name
from lossterm.text.amounts import LEAST_MEMORY, TOO_MUCH_MEMORY, bytes_from, seconds_from
from lossterm.text.numbers import duration
from lossterm.worker_control.cluster import cluster_asked, cluster_from
from lossterm.worker_control.starting import Workers

SESSION = "python"
"""The session of what a program compares: one for all, so that notebooks leave one line in the list of sessions."""

_WORKERS: ContextVar[Workers | None] = ContextVar("workers", default=Workers())  # noqa: B039  it cannot be changed
"""How workers are started, None to start none: tests bring others."""


@contextmanager
def started_as(workers: Workers | None) -> Iterator[None]:
    """Start workers in another way meanwhile, or none."""
    before = _WORKERS.set(workers)
    try:
        yield
    finally:
        _WORKERS.reset(before)


def compare(
    data: Subject,
    losses: LossGiven | Iterable[LossGiven] = USUAL,
    *,
    target: str | int | Sequence[str | int] | None = None,
    session: str = SESSION,
    store: str | os.PathLike[str] | None = None,
    progress: bool = True,
    max_time: float | str | None = None,
    memory: int | str | None = None,
    cluster: str | None = None,
    allow_open_cluster: bool = False,
    max_trials: int | None = None,
    **settings: Unpack[Keywords],
) -> Result:
    """Train a network on data once for each loss and seed, and return which losses are best and how sure that is.

    A worker process trains, with TensorFlow; this process never imports it. Trials that the store holds already are not
    trained again. What was trained stays in the store, and `lossterm` shows it: `lossterm --session python`.

    Args:
        data: A pair (X, y): X an array or list (rows, features), or (rows,) for one feature, of numbers, NaN where
            missing, or a frame; y (rows,) or (rows, 1) of numbers or of class labels, numbers or texts. Or a frame of
            pandas or polars, or the path of a CSV, TSV, Parquet, Feather, JSON lines or NPZ file, each with `target`.
            Or the key of a task, as `lossterm tasks` lists them.
        losses: Keys, as `lossterm losses` lists them, `"huber:delta=0.5"`; `"usual"` or `"all"` that fit the task;
            custom losses as `"FILE.py:NAME"` or `"package.module:NAME"`; functions (y_true, y_pred) that return
            (rows,); classes of `keras.losses.Loss`. One of these, or several.
        target: The column to predict, of a frame or a file; several are predicted together.
        session: Name of the session that holds the comparison. Comparisons of one session with the same data and
            settings share a table: more losses or seeds are added to it.
        store: The file that holds sessions; by default that of the command line.
        progress: Whether to show how it goes, on stderr or in the notebook, and what was recognised in the data.
        max_time: Seconds after which to stop, or a text such as "10m"; what was trained by then is the result.
        memory: What the worker may take, in bytes or as "4G"; by default LOSSTERM_MEMORY, if that is set.
        cluster: A Ray cluster to train on beside this machine, "auto", "HOST:PORT" or "ray://HOST:PORT"; by default
            LOSSTERM_CLUSTER, if that is set. Custom code of this comparison is sent there.
        allow_open_cluster: Whether it may be one that lets in whoever reaches it, and not on this machine alone.
        max_trials: The most trainings; more than 10,000 must be allowed here.
        **settings: The settings of `lossterm run`, None for their defaults: `learning_rates` ("tune", one or several),
            `hidden` (units of each hidden layer), `activation`, `dropout` (share, 0 to below 1), `batch_norm`, `l2`,
            `batch_size` (rows), `epochs`, `optimizer`, `schedule`, `early_stopping` (epochs), `class_weight`,
            `scaling`, `network` ("mlp", "cnn", "rnn" or "unet"), `filters`, `kernel` and `pooling` of convolutions,
            `units`, `cell` and `bidirectional` of recurrent layers, `model` (a function (features, outputs) that
            returns an uncompiled Keras model, in place of all these), `protocol`, `seeds`, `until` ("settled" races),
            `metric`, `rope` (in units of the metric), `final`, `device`.
            And how a table is read, as by `lossterm data`: `kind`, `drop`, `categorical`, `group`, `time`,
            `sample_weight` (a column, or an array (rows,) of what each row weighs in training), `delimiter`,
            `encoding`, `header`, `thousands`, `missing`, `min_class`.

    Returns:
        The result. It is not `complete` where time was up or somebody stopped trials, and not `sound` where trials
        failed, or diverged at the learning rate that their loss is judged at.

    Raises:
        UsageError: What is asked for cannot be done; UnknownName for a loss, setting or column that is not there,
            OutOfRange for a value, DoesNotFit for a loss on data that it is not for.
        DataError: Data that cannot be used, and a comparison of which every trial failed; StoreError for a store that
            is damaged or that another program holds.
        WorkerError: The worker could not be started, or keeps dying. What was trained is kept.
        KeyboardInterrupt: Ctrl-C, or a notebook's stop. Trials that nobody else waits for are stopped; what was trained
            is kept: `lossterm.result(session)` returns it.
    """
    called: dict[str, str] = {}
    with python_words(called) as worded:
        shown = progress_shown(quiet=not progress)
        seconds, workers = limits_of(max_time, memory, cluster, allow_open_cluster=allow_open_cluster)

        def say(sentence: str) -> None:
            shown.say(worded(sentence))

        comparison, name = asked_for(data, losses, target, session, settings, say, called)
        if workers and workers.cluster:
            trust_all_of(comparison, workers.cluster.address)
        if refused := comparison.too_large(max_trials):
            raise refused
        with opened_store(store) as opened:
            return _followed(opened, name, comparison, shown, seconds, workers)


def asked_for(
    data: Subject,
    losses: LossGiven | Iterable[LossGiven],
    target: str | int | Sequence[str | int] | None,
    session: str,
    settings: Mapping[str, Any],
    say: Callable[[str], None],
    called: dict[str, str],
) -> tuple[Comparison, str]:
    """Return the comparison that keywords of `compare` ask for, and the name of its session; `say` is told of doubts.

    Raises as `compare` does.
    """
    settings_given, reading = _sorted(settings)
    name = _session(session)
    named, own = named_and_own(losses)
    subject = task_or_data(data, target, reading, say, called)
    comparison = Comparison.ask(subject, named, own=own, **settings_given)
    trust_all_of(comparison)
    for doubt in doubts(comparison):
        say(f"Note: {doubt}")
    return comparison, name


def limits_of(
    max_time: float | str | None, memory: int | str | None, cluster: str | None, *, allow_open_cluster: bool
) -> tuple[float | None, Workers | None]:
    """Return how many seconds following may take, and how workers are started, None to start none.

    Raises OutOfRange, and UsageError for what is no cluster.
    """
    usual, named = _WORKERS.get(), cluster or os.environ.get("LOSSTERM_CLUSTER") or None
    address = named and cluster_from(named, "cluster" if cluster else "LOSSTERM_CLUSTER")
    seconds, allowed = _seconds(max_time), _bytes(memory)
    asked = cluster_asked(address, allow_open=allow_open_cluster)
    return seconds, None if usual is None else usual._replace(memory=allowed, cluster=asked)


def opened_store(store: str | os.PathLike[str] | None) -> Store:
    """Open the store that a program names, None for the usual one. Raises StoreError."""
    return Store(None if store is None else expanded(Path(store)))


def _followed(
    store: Store, session: str, comparison: Comparison, shown: Shows, seconds: float | None, workers: Workers | None
) -> Result:
    """Follow a comparison to its end. Interrupted, it stops what nobody else waits for."""
    follower = Follower(store, session, asking(store, session, [comparison]), workers=workers, seconds=seconds)
    kept = f"lossterm.result({session!r})" if session != SESSION else "lossterm.result()"
    try:
        with shown:
            up = narrate(follower, shown)
    except KeyboardInterrupt as interrupt:
        follower.stop()
        sentence = (
            f"Stopped; what was trained is kept: {kept} returns it, and the same compare(…) goes on."
            if follower.anything_trained
            else "Stopped before anything was trained."
        )
        interrupt.add_note(sentence)
        shown.say(sentence)
        raise
    except WorkerError as error:
        error.add_note(f"What was trained is kept: {kept} returns it, and the same compare(…) goes on.")
        raise
    if up is not None:
        shown.say(f"Stopped after {duration(up)}, as max_time says. The same compare(…) goes on.")
    result = of_follower(follower, store)
    if (failure := result.failure) is not None:
        failed = DataError(f"Every trial failed. {failure}")
        failed.add_note(f"{kept} returns the table.")
        raise failed
    return result


def _sorted(given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the settings of a comparison, as `Comparison.ask` takes them, and how a table is read.

    Raises UnknownName for a keyword that is neither, with near misses.
    """
    known, own = (
        [*get_type_hints(Keywords)],
        ("target", "session", "store", "progress", "max_time", "memory", "cluster", "allow_open_cluster"),
    )
    for name in given:
        if name not in known:
            raise UnknownName("keyword", name, [*known, *own, "losses", "max_trials"], KNOWN_OTHERWISE)
    there = {name: _plain(value) for name, value in given.items() if value is not None}
    settings = {name: value for name, value in there.items() if name in get_type_hints(Settings)}
    if "learning_rates" in settings:
        settings["learning_rates"] = _rates(settings["learning_rates"])
    if "hidden" in settings and isinstance(settings["hidden"], int):
        settings["hidden"] = (settings["hidden"],)
    if "model" in settings and not isinstance(settings["model"], str):
        settings["model"] = place_of(settings["model"], "network")
    for name in ("protocol", "metric"):
        if name in settings:
            settings[name] = {**OF_COMPARISON, **HYPERPARAMETERS}[name].of_form(settings[name])
    return settings, {name: value for name, value in there.items() if name not in settings}


KNOWN_OTHERWISE = {
    "lr": "learning_rates",
    "learning_rate": "learning_rates",
    "loss": "losses",
    "layers": "hidden",
    "units": "hidden",
    "network": "model",
    "y": "target",
    "patience": "early_stopping",
    "tolerance": "rope",
    "timeout": "max_time",
    "verbose": "progress",
}
"""Names that other libraries and the command line have for a keyword, with ours."""


def _session(given: object) -> str:
    if not isinstance(given, str):
        raise UsageError(f"session is {given!r}, and the name of a session is wanted.")
    return session_name(given)


def _plain(value: Any) -> Any:
    """Return a number of NumPy's as Python's, and an array of them as a list."""
    return value.tolist() if type(value).__module__ == "numpy" and hasattr(value, "tolist") else value


def _rates(given: object) -> tuple[float, ...]:
    if given == TUNE:
        return RATES_TO_TUNE
    rates = tuple(given) if isinstance(given, Iterable) else (given,)
    if not all(map(_is_number, rates)):
        usual = ", ".join(f"{rate:g}" for rate in RATES_TO_TUNE)
        raise OutOfRange("learning_rates", repr(given), f"positive numbers, or {TUNE!r} for {usual}")
    return rates


def _seconds(given: float | str | None) -> float | None:
    if given is None or isinstance(given, str):
        return None if given is None else seconds_from(given, "max_time")
    if not _is_number(given) or not 0 < given <= sys.float_info.max:
        raise OutOfRange("max_time", given, "a positive number of seconds, or a text such as '10m'")
    return float(given)


def _bytes(given: int | str | None) -> int | None:
    if given is None:
        usual = os.environ.get("LOSSTERM_MEMORY")
        return None if usual is None else bytes_from(usual, "LOSSTERM_MEMORY")
    if isinstance(given, str):
        return bytes_from(given, "memory")
    if not _is_number(given) or not LEAST_MEMORY <= given < TOO_MUCH_MEMORY:
        raise OutOfRange("memory", given, "a number of bytes of 1,000,000,000 or more, or a text such as '4G'")
    return int(given)


def _is_number(given: object) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool)
