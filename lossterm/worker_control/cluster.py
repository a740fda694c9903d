"""Which cluster a worker is to use beside this machine, as a person names it."""

import importlib.util
import ipaddress
import re
from typing import NamedTuple

from lossterm.errors import UsageError
from lossterm.text.fingerprint import sha256

FORM = "auto, HOST:PORT or ray://HOST:PORT"
"""How a person names one."""

_ADDRESS = re.compile(r"(ray://)?([\w.-]+|\[[0-9a-fA-F:]+\]):\d{1,5}")


class Cluster(NamedTuple):
    """A Ray cluster that is there already."""

    address: str
    """`auto` for the one of this machine, its head's HOST:PORT, or ray://HOST:PORT for that of its client server."""
    allow_open: bool = False
    """Whether it may be one that lets in whoever reaches it."""

    @property
    def mark(self) -> str:
        """Eight digits that tell it from others: a worker's sign of life has no room for an address."""
        return sha256(f"{self.address} {self.allow_open}".encode())[:8]

    @property
    def options(self) -> list[str]:
        """The options of a worker that is to use it."""
        return ["--cluster", self.address, *(["--allow-open-cluster"] if self.allow_open else [])]


def cluster_asked(address: str | None, *, allow_open: bool) -> Cluster | None:
    """Return the cluster that a person asks for, None for none. Raises UsageError where Ray is not installed."""
    if address is None:
        return None
    if importlib.util.find_spec("ray") is None:
        raise UsageError(f"Training on the cluster {address} needs Ray: pip install 'lossterm[ray]'.")
    return Cluster(address, allow_open)


def cluster_from(text: str, what: str = "--cluster") -> str:
    """Return the address that a text names. Raises UsageError, with `what` the text was given for."""
    if text == "auto" or _ADDRESS.fullmatch(text):
        return text
    raise UsageError(f"{what} {text!r} is not the address of a cluster: give {FORM}.")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a host of that name or number."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
