"""What stands on a node beside its lanes: says who is there, gives signs of life, keeps tables and code."""

import os
import time

from lossterm.engine.cluster import hello, shipping
from lossterm.engine.cluster.messages import NodeFacts
from lossterm.errors import LosstermError
from lossterm.home.paths import home


class NodeAgent:
    """One for each node and worker. It loads neither TensorFlow nor a lane: no training keeps it from answering."""

    def __init__(self, *, authenticated: bool) -> None:
        """`authenticated` says whether the cluster wants a token of whoever connects."""
        self._authenticated = authenticated

    def facts(self) -> NodeFacts:
        """Return what the node says of itself."""
        return hello.facts(authenticated=self._authenticated)

    def beat(self) -> tuple[float, int]:
        """Return its load over the last minute, and the free bytes of the disk of what it keeps."""
        return os.getloadavg()[0], hello.disk_free(home())

    def beat_later(self, seconds: float) -> tuple[float, int]:
        """Wait, and return the same."""
        time.sleep(seconds)
        return self.beat()

    def ship(self, what: str, name: str, digest: str, files: dict[str, bytes]) -> str:
        """Keep a table or code; return why it could not, in a sentence, "" if it did."""
        try:
            if what == "table":
                shipping.keep_table(name, digest, files)
            else:
                (content,) = files.values()
                shipping.keep_code(name, digest, content)
        except (LosstermError, OSError) as error:
            return str(error)
        return ""
