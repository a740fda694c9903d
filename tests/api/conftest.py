"""A home of the test's own, and a fake worker in it that trains at once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lossterm.api.comparing import started_as
from lossterm.following import follow
from tests.builders.training_here import training_here


@pytest.fixture
def trained(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Train whatever is compared, and return LOSSTERM_HOME."""
    monkeypatch.setattr(follow, "INTERVAL", 0.005)
    with training_here(), started_as(None):
        yield home
