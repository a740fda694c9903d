"""What a piece of code loads, in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import lossterm

ROOT = Path(lossterm.__file__).parents[1]
HEAVY = {"tensorflow", "keras", "sklearn", "scipy", "pandas", "pyarrow", "numpy", "textual"}


def loaded_by(code: str, *arguments: str) -> set[str]:
    """Run code in a fresh process and return the names of all modules that it loaded."""
    code += "\nimport sys, json; print('\\n' + json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        check=False,
        timeout=60,
        cwd=Path(lossterm.__file__).parents[1],
    )
    assert done.returncode == 0, done.stderr.decode()
    return set(json.loads(done.stdout.splitlines()[-1]))
