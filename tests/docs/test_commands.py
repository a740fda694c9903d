"""The commands that README and docs show are run, page by page, with the fake worker; what is not run says why."""

import json
import re
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from lossterm.cli.main import cli
from tests.builders.program import FAKE, Job, Result, run_jobs
from tests.cells import each
from tests.docs.pages import PAGES, ROOT, Block, between, blocks

BLOCKS = {name: blocks(path) for name, path in PAGES.items()}
SOON_GONE = {"LOSSTERM_IDLE_SECONDS": "5"}
SHOWN = [(name, block, command) for name, every in BLOCKS.items() for block in every for command in block.commands]


def words_of(command: str) -> tuple[list[str], str | None]:
    """Return the words after `lossterm`, and the file that takes the output, if one is named."""
    words = shlex.split(command)
    assert words.pop(0).removeprefix(".venv/bin/") == "lossterm", f"{command!r} cannot be run: say why before it"
    return (words[:-2], words[-1]) if words[-2:-1] == [">"] else (words, None)


def prepared(place: Path, page: Sequence[Block]) -> Path:
    """Return a directory with what the commands of a page find: the examples, and the files that it shows."""
    shutil.copytree(ROOT / "examples", place / "examples")
    for block in page:
        if block.file:
            (place / block.file).write_text(block.text, encoding="utf-8")
    return place


def jobs_of(name: str, place: Path, kept_from: str = "") -> list[Job]:
    commands = [words_of(one) for block in BLOCKS[name] if block.kept_from == kept_from for one in block.commands]
    return [
        Job(words, place, place / (output or f"{number}.out"), place / f"{number}.err")
        for number, (words, output) in enumerate(commands)
    ]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Result]]:
    """Run the commands of all pages, each page in a directory of its own and all on one store."""
    home = tmp_path_factory.mktemp("home")
    jobs = {name: jobs_of(name, prepared(tmp_path_factory.mktemp("page"), page)) for name, page in BLOCKS.items()}
    every = [job for of_page in jobs.values() for job in of_page]
    loaded = ("sklearn.ensemble", "sklearn.pipeline", "lossterm.data.user_data")  # once, for all of them
    results = iter(run_jobs(home, every, FAKE, loaded, seconds=220, variables=SOON_GONE))
    return {name: [next(results) for _ in of_page] for name, of_page in jobs.items()}


@each("name", BLOCKS)
def test_the_commands_of_a_page_do_what_it_says(done: dict[str, list[Result]], name: str) -> None:
    for result in done[name]:
        assert result.returncode == 0, (result.args, result.stderr)


def test_what_a_look_at_the_table_shows_is_what_it_prints(done: dict[str, list[Result]]) -> None:
    printed = {" ".join(line.split()) for line in done["docs/own-data.md"][0].stdout.splitlines()}
    (shown,) = [block.text for block in BLOCKS["docs/own-data.md"] if block.language == "text"]
    lines = [" ".join(line.split()) for line in shown.splitlines() if line != "…" and not line.startswith("─")]
    assert len(lines) == 6
    assert set(lines) <= printed


@pytest.mark.parametrize("of", ["the JSON", "a standing"])
def test_the_keys_of_the_json_are_those_that_it_has(done: dict[str, list[Result]], of: str) -> None:
    document = json.loads(done["docs/command-line.md"][0].stdout)
    table = between(PAGES["docs/command-line.md"], f"keys of {of}")
    rows = [line.split("|")[1] for line in table.splitlines()[2:]]
    told = [key for row in rows for key in re.findall(r"`(\w+)`", row)]
    assert sorted(told) == sorted(document if of == "the JSON" else document["standings"][1])


def test_most_commands_are_run(done: dict[str, list[Result]]) -> None:
    assert sum(map(len, done.values())) > 30


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.parametrize("name", [name for name, page in BLOCKS.items() if any(b.kept_from == "slow" for b in page)])
@pytest.mark.timeout(500)
def test_what_takes_long_is_run_with_a_real_worker(name: str, tmp_path: Path) -> None:
    jobs = jobs_of(name, prepared(tmp_path / "page", BLOCKS[name]), "slow")
    for result in run_jobs(tmp_path, jobs, seconds=400, variables=SOON_GONE):
        assert result.returncode == 0, (result.args, result.stderr)


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.timeout(300)
def test_the_verdicts_of_the_readme_are_those_of_real_trainings(tmp_path: Path) -> None:
    table, sentence = (block.text.splitlines() for block in BLOCKS["README.md"] if block.language == "text")
    prepared(tmp_path / "page", [])
    commands = [command for block in BLOCKS["README.md"] for command in block.commands if " run " in command]
    jobs = [
        Job(words_of(command)[0], tmp_path / "page", tmp_path / f"{number}.out", tmp_path / f"{number}.err")
        for number, command in enumerate(commands)
    ]
    circles, apartments = (
        result.stdout.splitlines() for result in run_jobs(tmp_path, jobs, seconds=220, variables=SOON_GONE)
    )
    assert circles[0] == table[0]
    assert circles[1].partition(";")[0] == table[1].partition(";")[0]
    assert {line.split()[1] for line in circles[4:7]} == {line.split()[1] for line in table[4:7]}
    # The shares in per cent differ a little from one processor to the next, so that losses may change places.
    assert re.match(r"\w+ is best, ahead of ", apartments[1])
    assert apartments[1].partition(",")[0] == sentence[0].partition(",")[0]
    assert set(re.findall(r"(\w+) by \d+ %", apartments[1])) == set(re.findall(r"(\w+) by \d+ %", " ".join(sentence)))


# What is not run is looked at all the same


@each(("name", "block", "command"), SHOWN)
def test_every_command_shown_is_one_that_is_there(name: str, block: Block, command: str) -> None:
    for part in command.split(" && "):
        program, *words = part.split()
        if program.removeprefix(".venv/bin/") == "lossterm":
            after, _ = words_of(part)
            alone = not after or after[0].startswith("-")
            (cli if alone else cli.commands[after[0]]).make_context("lossterm", after if alone else after[1:])
        elif program == "make":
            assert not words or re.search(rf"^{words[0]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
        for module in re.findall(r"-m (tests\.\S+)", part):
            assert (ROOT / module.replace(".", "/")).with_suffix(".py").exists()


def test_every_benchmark_is_told_of() -> None:
    told = {word for _, _, command in SHOWN for word in command.split() if word.startswith("tests.bench.")}
    scripts = [path for path in (ROOT / "tests/bench").glob("*.py") if "__main__" in path.read_text(encoding="utf-8")]
    assert told == {f"tests.bench.{path.stem}" for path in scripts}


def test_a_reason_stands_before_a_block_that_can_be_run() -> None:
    for name, page in BLOCKS.items():
        text = PAGES[name].read_text(encoding="utf-8")
        said = re.findall(r"^ *<!-- (?:not run|slow): ", text, re.MULTILINE)
        assert len(said) == sum(bool(block.reason) for block in page), name
        assert not any(block.reason and not block.commands for block in page), name
