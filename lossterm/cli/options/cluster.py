"""Options that name a cluster to train on, beside this machine."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import click

from lossterm.worker_control.cluster import FORM, cluster_asked, cluster_from

Command = TypeVar("Command", bound=Callable[..., Any])


class ClusterAddress(click.ParamType[str]):
    """The address of a Ray cluster."""

    name = "cluster"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return it. Raises UsageError."""
        return cluster_from(value, param.opts[0] if param else "--cluster")


_ADDRESS = click.option(
    "--cluster",
    type=ClusterAddress(),
    metavar="ADDRESS",
    envvar="LOSSTERM_CLUSTER",
    help=f"Train on the nodes of this Ray cluster too: {FORM}; needs lossterm[ray].",
)
_OPEN = click.option(
    "--allow-open-cluster",
    is_flag=True,
    help="Even if it is not on this machine alone, and lets in whoever reaches it.",
)


def cluster_options(command: Command) -> Command:
    """Add them; the command takes a Cluster, or None, as `cluster`."""

    @functools.wraps(command)
    def called(*given: Any, cluster: str | None, allow_open_cluster: bool, **more: Any) -> Any:
        return command(*given, cluster=cluster_asked(cluster, allow_open=allow_open_cluster), **more)

    return _ADDRESS(_OPEN(cast(Command, called)))
