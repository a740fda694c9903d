"""What a training needs beside its trial: the table that it is about, and custom code; how a node keeps either.

A table goes by the hash of its content, once to each node, and is checked there. Code goes only where a person named it
for a run on that cluster, and the node runs it only if it has the digest that the trial names.
"""

import hashlib
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from lossterm.comparison import user_axis, user_network
from lossterm.comparison.comparison import Trial
from lossterm.comparison.user_code_consent import shared, trust
from lossterm.data import Data
from lossterm.data.description import load
from lossterm.data.table_cache import META, TableCache
from lossterm.engine.contract import DeviceKind, Engine, Job
from lossterm.errors import DataError, Unnamed
from lossterm.home.paths import shelf, shipped_code
from lossterm.home.private import make_private, opened
from lossterm.losses import Source, is_own, source_from
from lossterm.text.fingerprint import sha256


class Need(NamedTuple):
    """A table or a file of code that a node must have before it trains a trial."""

    what: Literal["table", "code"]
    """Which."""
    name: str
    """What the node calls it."""
    digest: str
    """As in `messages.Ship`."""
    place: Path
    """Where it is on this machine."""


def needs(trial: Trial, address: str) -> tuple[Need, ...]:
    """Return what a node of a cluster must have for a trial.

    Raises Unnamed for code that nobody named for a run on that cluster, DataError for what is gone or was changed.
    """
    table = (_table(trial.data),) if trial.data else ()
    return (*table, *(_code(source, address) for source in sources_of(trial)))


def sources_of(trial: Trial) -> list[Source]:
    """Return where the code of a trial is: loss, network and axis, as far as they are custom. Raises LosstermError."""
    model = trial.hyperparameters.model
    axis = user_axis.source_of(trial.severity) if trial.severity else None
    return [
        *([source_from(trial.source)] if is_own(trial.loss) else []),
        *([user_network.source_of(model)] if model else []),
        *([axis] if axis else []),
    ]


def _table(data: Data) -> Need:
    load(data, shelf())  # it may have left the shelf meanwhile
    place = TableCache(shelf()).place_of(data.digest, data.asked)
    return Need("table", place.name, sha256((place / META).read_bytes()), place)


def _code(source: Source, address: str) -> Need:
    if source.file is None:
        raise Unnamed(
            f"{source.place} is an installed module, which is not sent to a cluster: {source.name} is trained on this "
            "machine alone. Put it into a FILE.py to have it trained on the nodes too."
        )
    digest = source.digest
    if not shared(address, source, digest):
        raise Unnamed(
            f"{source.place} was not named for the cluster at {address} in its present form, and was not sent there. "
            f"Name it in a run with --cluster {address}, if whoever can reach that cluster may see it."
        )
    return Need("code", f"{digest}/{source.file.name}", digest, source.file)


# On the node


def keep_table(name: str, digest: str, files: Mapping[str, bytes]) -> None:
    """Keep a table under the name of its entry. Raises DataError for what is not whole, and where the disk is full."""
    TableCache(shelf()).adopt(name, digest, files)


def keep_code(name: str, digest: str, content: bytes) -> None:
    """Keep a file of code in a directory of its digest. Raises DataError as `keep_table`."""
    if sha256(content) != digest:
        raise DataError(f"The code {name} did not arrive as it was sent: nothing of it was kept.")
    path = _kept(digest[:_DIGITS], Path(name).name)
    try:
        make_private(path.parent.parent)
        make_private(path.parent)
        unfinished = path.with_name(f".{os.getpid()}.{path.name}")
        descriptor = opened(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        unfinished.replace(path)
    except OSError as error:
        raise DataError(f"{path} can't be kept on this node: {error.strerror}.") from error


_DIGITS = 8
"""Digits of a digest that the key of a loss, a network or an axis has."""


def _kept(fingerprint: str, name: str) -> Path:
    return shipped_code() / f"cluster-{fingerprint}" / name


def here(trial: Trial) -> Trial:
    """Return a trial whose code is where this node has kept it, and may be run: the worker asked for it.

    Raises DataError for code that this node has not.
    """
    changes: dict[str, object] = {}
    if is_own(trial.loss):
        changes["source"] = _placed(trial.source, trial.loss)
    if model := trial.hyperparameters.model:
        place, _, key = model.rpartition(":")
        moved = _placed(f"{place}:{key.rpartition('@')[0]}", key)
        changes["hyperparameters"] = msgspec.structs.replace(
            trial.hyperparameters, model=f"{moved}@{key.rpartition('@')[2]}"
        )
    if trial.severity and is_own(trial.severity.axis):
        source = _placed(trial.severity.source, trial.severity.axis)
        changes["severity"] = msgspec.structs.replace(trial.severity, source=source)
    return msgspec.structs.replace(trial, **changes) if changes else trial


def _placed(text: str, key: str) -> str:
    """Return the text of a source whose file is this node's, once it is known to be what the key names."""
    before, _, after = text.partition(".py:")
    file, fingerprint = _kept(key.rpartition("@")[2], f"{Path(before).name}.py"), key.rpartition("@")[2]
    try:
        content = file.read_bytes()
    except OSError as error:
        raise DataError(f"The code of {key} is not on this node: {error.strerror}.") from error
    if not hashlib.sha256(content).hexdigest().startswith(fingerprint):
        raise DataError(f"The code of {key} on this node is not what was sent.")
    source = source_from(f"{file}:{after}")
    trust(source)
    return source.text


class OfShippedCode:
    """An engine whose trials have their code on this node."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def kind(self) -> DeviceKind:
        """The kind of device that it trains on."""
        return self._engine.kind

    @property
    def programs(self) -> frozenset[str]:
        """Programs that are compiled."""
        return self._engine.programs

    @property
    def compiled_bytes(self) -> int:
        """Memory that compiling took."""
        return self._engine.compiled_bytes

    def belongs(self, trial: Trial, served: Collection[DeviceKind]) -> DeviceKind:
        """Return the kind of device that trains a trial."""
        return self._engine.belongs(here(trial), served)

    def chosen(self, trial: Trial) -> str:
        """Say what was chosen to train a trial."""
        return self._engine.chosen(trial)

    def width(self, trial: Trial) -> int:
        """Return how many trials are trained together."""
        return self._engine.width(here(trial))

    def narrow(self, trial: Trial) -> bool:
        """Have fewer trained together."""
        return self._engine.narrow(here(trial))

    def train_together(self, jobs: Sequence[Job]) -> None:
        """Train trials of one program."""
        self._engine.train_together([msgspec.structs.replace(job, trial=here(job.trial)) for job in jobs])
