"""What a node says of itself, and whether it can train what is trained here: to the same numbers, or not at all."""

import os
import platform
import socket
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from lossterm import __version__
from lossterm.comparison.comparison import ENGINE
from lossterm.engine.cluster.messages import NodeFacts
from lossterm.engine.lanes.messages import VERSION

INSTRUCTIONS = (
    *("avx", "avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni", "avx512_bf16"),
    *("avx512_fp16", "avx_vnni", "amx_tile", "amx_bf16", "amx_int8", "asimd", "sve", "sve2", "bf16"),
)
"""Instructions of processors, as Linux calls them, that decide what programs are compiled to."""

_CPU_INFO = Path("/proc/cpuinfo")
_BOOT = Path("/proc/sys/kernel/random/boot_id")


def facts(*, authenticated: bool = False) -> NodeFacts:
    """Return what this machine says of itself; TensorFlow is not imported."""
    info = _cpu_info()
    return NodeFacts(
        lossterm=__version__,
        engine=ENGINE,
        protocol=VERSION,
        tensorflow=_version("tensorflow"),
        keras=_version("keras"),
        python=platform.python_version(),
        processor=info.get("model name", platform.processor() or platform.machine()),
        family=family(info, platform.machine()),
        machine=machine(),
        authenticated=authenticated,
    )


def family(info: dict[str, str], architecture: str) -> str:
    """Name what compiled programs depend on: processors of one family train to the same numbers, within tolerance."""
    known = {*info.get("flags", "").split(), *info.get("Features", "").split()}
    maker = info.get("vendor_id", info.get("CPU implementer", ""))
    return " ".join(filter(None, (architecture, maker, *(one for one in INSTRUCTIONS if one in known))))


def machine() -> str:
    """Return what no other machine has: two nodes on one share its cores."""
    try:
        boot = _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        boot = ""
    return f"{boot} {socket.gethostname()}"


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _cpu_info() -> dict[str, str]:
    """Return what Linux says of the first core; nothing elsewhere."""
    try:
        text = _CPU_INFO.read_text(encoding="utf-8", errors="replace").split("\n\n", 1)[0]
    except OSError:
        return {}
    pairs = (line.partition(":") for line in text.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def refusal(mine: NodeFacts, theirs: NodeFacts, name: str) -> str:
    """Say why a node may not train what is trained here, and what to do; "" where it may.

    Other versions train to other numbers, and so does a processor of another family.
    """
    if not theirs.lossterm:
        return (
            f"Node {name} has no lossterm: install {mine.lossterm} there, `pip install 'lossterm[ray]'`, in the "
            "Python that starts Ray."
        )
    for what, here, there in (
        ("lossterm", mine.lossterm, theirs.lossterm),
        ("TensorFlow", mine.tensorflow, theirs.tensorflow),
        ("Keras", mine.keras, theirs.keras),
        ("Python", _minor(mine.python), _minor(theirs.python)),
    ):
        if here != there:
            return f"Node {name} has {what} {there or 'not at all'}, and here is {here}: install the same on both."
    if (mine.engine, mine.protocol) != (theirs.engine, theirs.protocol):
        return f"Node {name} has another state of lossterm {theirs.lossterm}: install the same on both."
    if mine.family != theirs.family:
        return (
            f"Node {name} has a processor of another family ({theirs.processor}: {_lacks(mine.family, theirs.family)}"
            f"), which trains to other numbers than the one here ({mine.processor}): leave it out of this cluster, or "
            "run lossterm on a machine like it."
        )
    return ""


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _lacks(here: str, there: str) -> str:
    """Say in what two families differ."""
    mine, theirs = here.split(), there.split()
    more = [f"with {one}" for one in theirs if one not in mine]
    less = [f"without {one}" for one in mine if one not in theirs]
    return ", ".join((*more, *less))


OPEN_CLUSTER = (
    "The cluster at {address} lets in whoever reaches it: anybody on its network could run programs on the nodes, and "
    "here. Start it with token authentication (RAY_AUTH_MODE=token; `ray get-auth-token --generate`), or if "
    "its network is your own alone, add --allow-open-cluster."
)
"""Why an open cluster is refused, and what to do."""


def is_open(nodes: Sequence[tuple[bool, NodeFacts]]) -> bool:
    """Whether a cluster lets in whoever reaches it, given for each node whether only this machine reaches it."""
    return any(not loopback and not one.authenticated for loopback, one in nodes)


def disk_free(place: Path) -> int:
    """Return the bytes that are free where a directory is, or will be."""
    while not place.exists() and place != place.parent:
        place = place.parent
    status = os.statvfs(place)
    return status.f_bavail * status.f_frsize
