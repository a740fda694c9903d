"""A store with some of everything, open."""

from collections.abc import Iterator

import pytest

from lossterm.export import Contents
from lossterm.store import Store

from .prepared import gathered, prepare


@pytest.fixture
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path = tmp_path_factory.mktemp("store") / "lossterm.db"
    prepare(path)
    with Store(path) as store:
        yield store


@pytest.fixture
def contents(opened: Store) -> Contents:
    return gathered(opened)
