"""How a command starts workers."""

import click

from lossterm.worker_control.cluster import Cluster
from lossterm.worker_control.starting import Workers


def workers_with(memory: int | None, cluster: Cluster | None = None) -> Workers:
    """Return how the command that runs now starts workers; `memory` is what one may take, in bytes.

    A `cluster` is used beside this machine.

    Whoever calls `main` may bring workers of another kind, as tests do: they are in the context.
    """
    context = click.get_current_context(silent=True)
    given = context.obj.get("workers") if context and isinstance(context.obj, dict) else None
    return (given or Workers())._replace(memory=memory, cluster=cluster)
