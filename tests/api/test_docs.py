"""What the page and the notebook show is what the front end does.

The cells and blocks are run in one process, in order, as a kernel would run them: a real kernel takes packages that
nothing else here needs, and seconds to start. The worker is the fake.
"""

import importlib.util
import json
import linecache
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import lossterm

DOCS = Path(lossterm.__file__).parent.parent / "docs"
NOTEBOOK = json.loads((DOCS / "comparing_losses.ipynb").read_text(encoding="utf-8"))
CELLS = ["".join(cell["source"]) for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]
README = (DOCS.parent / "README.md").read_text(encoding="utf-8")
PAGE = (DOCS / "python.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)

NOT_RUN = {
    "import pandas": "pandas is not installed" if importlib.util.find_spec("pandas") is None else "",
    "best_model": "this trains with TensorFlow: see tests/api/test_real.py",
}
"""What a block holds that is not run here, and why; "" where it is."""


@pytest.fixture
def namespace(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Return the names of a `__main__` of its own, in an empty directory."""
    module = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", module)
    monkeypatch.chdir(tmp_path)
    yield module.__dict__
    for name in [name for name in linecache.cache if name.startswith("<cell ")]:
        del linecache.cache[name]


def run(code: str, number: int, namespace: dict[str, Any]) -> Any:
    """Run a cell, whose source Python keeps as that of a notebook; return the value of a last line that is a name."""
    name = f"<cell {number}>"
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    *_, last = code.strip().splitlines()
    exec(compile(code, name, "exec"), namespace)
    return eval(last, namespace) if last.replace(".", "").isidentifier() else None


def test_the_notebook_runs_and_holds_no_output(namespace: dict[str, Any], capsys: Any) -> None:
    given = [run(cell, number, namespace) for number, cell in enumerate(CELLS)]
    assert given[1] == namespace["result"].verdict
    assert given[2]._repr_html_().startswith("<iframe")
    assert "capped@" in capsys.readouterr().out
    assert all(cell.get("outputs", []) == [] for cell in NOTEBOOK["cells"])
    assert all(cell.get("execution_count") is None for cell in NOTEBOOK["cells"])
    assert NOTEBOOK["nbformat"] == 4
    assert len({cell["id"] for cell in NOTEBOOK["cells"]}) == len(NOTEBOOK["cells"])


def test_the_page_runs(namespace: dict[str, Any], capsys: Any) -> None:
    for number, block in enumerate(BLOCKS):
        if not any(part in block and why for part, why in NOT_RUN.items()):
            run(block, number, namespace)
    assert all(any(part in block for block in BLOCKS) for part in NOT_RUN)
    assert "There is no loss 'hubr'. Did you mean huber?" in capsys.readouterr().out
    assert Path("report.html").is_file()


def test_what_the_readme_shows_runs(namespace: dict[str, Any], capsys: Any) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    rng = np.random.default_rng(0)
    namespace["X"], namespace["y"] = rng.normal(size=(60, 3)), rng.normal(size=60)
    run(block, 0, namespace)
    assert namespace["result"].verdict in capsys.readouterr().out


def test_the_page_names_what_is_offered() -> None:
    for name in (*lossterm.__all__, *(one for one in vars(lossterm.Result) if not one.startswith("_"))):
        if name not in ("__version__", "Result", "session", "headline", "failure"):
            assert re.search(rf"\b{name}\b", PAGE), name
