"""A release: the versions that are told agree, and a wheel that is built holds the program, starts, and holds no more.

The build and the start are for the Python at hand alone. What the wheel needs is taken from the environment that runs
the tests, so that a resolver finds it all, from an index, is left to the gate, which installs the package from nothing.
"""

import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from lossterm import __version__
from tests.docs.pages import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
STARTS = ("--version", "--help", "losses", "explain pseudo_huber", "sessions")
"""What an installed program is asked first; none of it trains."""

CHANGES = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)


def test_the_changelog_goes_from_what_is_unreleased_down_to_the_first_version() -> None:
    assert CHANGES[0] == "Unreleased"
    assert __version__ in CHANGES[1]
    numbers = [tuple(map(int, re.findall(r"\d+", head)[:3])) for head in CHANGES[1:]]
    assert numbers == sorted(numbers, reverse=True)
    assert all(re.fullmatch(r"\d+\.\d+\.\d+( \(.*\))?", head) for head in CHANGES[1:])


def test_the_metadata_name_the_versions_of_python_from_the_least_on() -> None:
    project = PROJECT["project"]
    named = re.findall(r"Python :: 3\.(\d+)", "\n".join(project["classifiers"]))
    assert project["requires-python"] == f">=3.{named[0]}"
    assert list(map(int, named)) == list(range(int(named[0]), int(named[0]) + len(named)))
    assert "Typing :: Typed" in project["classifiers"]
    assert (ROOT / "lossterm/py.typed").exists()


def run(*words: str | Path, place: Path) -> str:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment = {**kept, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "HOME": str(place), "LOSSTERM_HOME": str(place)}
    done = subprocess.run(words, cwd=place, env=environment, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Build sdist and wheel, the wheel from the sdist, as `python -m build` does; return both."""
    place = tmp_path_factory.mktemp("release")
    run(sys.executable, "-m", "venv", "builder", place=place)
    builder = place / "builder/bin/python"
    run(builder, "-m", "pip", "install", "--quiet", "build", place=place)
    run(builder, "-m", "build", "--outdir", place / "dist", ROOT, place=place)
    (source,), (wheel,) = (place / "dist").glob("*.tar.gz"), (place / "dist").glob("*.whl")
    return source, wheel


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_wheel_holds_the_package_and_no_more(built: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(built[1]) as archive:
        names = set(archive.namelist())
    code = {path.relative_to(ROOT).as_posix() for path in (ROOT / "lossterm").rglob("*") if path.is_file()}
    code = {name for name in code if "__pycache__" not in name}
    assert {"lossterm/tui/app.tcss", "lossterm/py.typed", "lossterm/data/files/csv_file.py"} <= code
    about = f"lossterm-{__version__}.dist-info/"
    assert {name for name in names if not name.startswith(about)} == code
    assert f"{about}licenses/LICENSE" in names


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_sdist_holds_what_the_tests_and_the_links_need(built: tuple[Path, Path]) -> None:
    with tarfile.open(built[0]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {"README.md", "CHANGELOG.md", "SECURITY.md", "LICENSE", "Makefile", ".ci/run", "docs/README.md"}
    wanted |= {"examples/apartments.csv", "snapshots/lossterm.svg", "tests/docs/pages.py", "lossterm/tui/app.tcss"}
    assert wanted <= names


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_wheel_starts_in_a_fresh_environment(built: tuple[Path, Path], tmp_path: Path) -> None:
    run(sys.executable, "-m", "venv", "--without-pip", "fresh", place=tmp_path)
    fresh = tmp_path / "fresh"
    (packages,) = fresh.glob("lib/python*/site-packages")
    run(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", packages, built[1], place=tmp_path)
    every = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "needs.pth").write_text("\n".join(every) + "\n")  # after the wheel, whose lossterm is found first
    python = fresh / "bin/python"
    place = run(python, "-P", "-c", "import lossterm; print(lossterm.__file__)", place=tmp_path)
    assert Path(place.strip()).is_relative_to(packages)
    start = "import sys; from importlib.metadata import entry_points; "
    start += "sys.exit(next(iter(entry_points(group='console_scripts', name='lossterm'))).load()())"
    said = {words: run(python, "-P", "-c", start, *words.split(), place=tmp_path) for words in STARTS}
    assert said["--version"] == f"lossterm {__version__}\n"
    assert said["--help"].startswith("Usage: lossterm")
    assert "huber" in said["losses"]
    assert "pseudo_huber" in said["explain pseudo_huber"]
    listed = run(python, "-P", "-c", "import lossterm.tui.app as app; print(app.LosstermApp.CSS_PATH)", place=tmp_path)
    assert (packages / "lossterm/tui" / listed.strip()).exists()
