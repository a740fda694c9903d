"""A Ray cluster on this machine, whose nodes are processes of it; one for all tests of a process that ask for it."""

import os
import sys
from functools import cache, partial
from pathlib import Path
from typing import Any

import lossterm
from lossterm.engine.cluster.messages import OpenLane
from lossterm.engine.contract import Engine
from lossterm.engine.lanes.child import LaneLoader

FAKE_BRIDGE = (
    sys.executable,
    "-c",
    "from lossterm.engine.cluster import ray_side; from tests.builders.ray_cluster import loader; "
    "ray_side.main(loader)",
)
"""The command of a bridge to real actors, with the fake engine, in the trouble that the bridge's environment says."""

FAKE_WORKER = f"""
from lossterm.engine.fakes import fake_engine
from lossterm.engine.worker.process import main
main(fake_engine.load_fake, {FAKE_BRIDGE!r})
"""
"""A worker with the fake engine, and that bridge."""

ROOT = Path(lossterm.__file__).parents[1]
"""What nodes and bridges find this package and the tests in."""

OBJECT_BYTES = 80_000_000
"""Least memory of a node for objects, which Ray takes at once."""


class RayCluster:
    """A head that lends no core, and nodes of one core each, which tests add and take away."""

    def __init__(self) -> None:
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        from ray.cluster_utils import Cluster

        self._cluster: Any = Cluster(initialize_head=True, head_node_args=self._of_node(0))
        self.address: str = self._cluster.address
        """Where its head is."""

    def _of_node(self, cores: int, **more: Any) -> dict[str, Any]:
        return {
            "num_cpus": cores,
            "object_store_memory": OBJECT_BYTES,
            "include_dashboard": False,
            "node_ip_address": "127.0.0.1",
            **more,
        }

    def add(self, **more: Any) -> Any:
        """Add a node of one core, and return it."""
        return self._cluster.add_node(**self._of_node(1, **more))

    def kill(self, node: Any) -> None:
        """Kill all processes of a node."""
        self._cluster.remove_node(node, allow_graceful=False)

    def kill_head(self) -> None:
        """Kill all processes of the head."""
        self._cluster.head_node.kill_all_processes(check_alive=False, allow_graceful=False)

    def end(self) -> None:
        """End all of it."""
        self._cluster.shutdown()


@cache
def shared_cluster() -> RayCluster:
    """Return a cluster with one node that no test takes away. It ends with this process."""
    cluster = RayCluster()
    cluster.add()
    return cluster


def load(environment: dict[str, str], _: int | None) -> tuple[Engine, dict[str, str]]:
    """Return the fake engine on a node, which is in trouble with the hinge loss as `troubled_lane` is."""
    os.environ.update(environment)
    from lossterm.engine.fakes.fake_engine import fake_environment
    from tests.lanes.troubled_lane import Troubled

    return Troubled("CPU"), fake_environment("CPU")


def loader(_: OpenLane) -> LaneLoader:
    """Return what loads a lane, with what the environment says here: nodes have their own."""
    return partial(load, {name: value for name, value in os.environ.items() if name.startswith("LOSSTERM_")})
