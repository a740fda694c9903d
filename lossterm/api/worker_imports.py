"""Which modules the worker can import: it runs the same Python, but from another directory and with another path."""

import functools
import subprocess
import sys
from pathlib import Path
from types import ModuleType


def found_by_worker(module: ModuleType) -> bool:
    """Whether the worker would import the same module by its name."""
    top = module.__name__.partition(".")[0]
    if top in sys.stdlib_module_names:
        return True
    here = getattr(sys.modules.get(top, module), "__file__", None)
    there = _file_for_worker(top)
    return here is not None and there is not None and Path(here).resolve() == Path(there).resolve()


@functools.cache
def _file_for_worker(module: str) -> str | None:
    """Return the file of a top-level module as the worker would import it, None where it would not find it."""
    code = "import importlib.util, sys; spec = importlib.util.find_spec(sys.argv[1]); print(spec and spec.origin or '')"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, module], cwd="/", capture_output=True, check=False, text=True
    )
    return done.stdout.strip() or None if done.returncode == 0 else None
