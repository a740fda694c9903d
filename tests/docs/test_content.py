"""What tables and files in README and docs show is what the program does."""

import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner

from lossterm.cli.main import cli
from lossterm.export import FORMATS
from lossterm.home.configuration import Config, load
from lossterm.losses import LOSSES, arrays
from lossterm.losses import catalogue as loss_catalogue
from lossterm.losses.user_defined import source_from
from lossterm.tasks import TASKS
from lossterm.tasks import catalogue as task_catalogue
from lossterm.tui.app import LosstermApp
from lossterm.tui.dialogs.every import DIALOGS
from lossterm.tui.screens import keymap
from lossterm.tui.screens.main_screen import MainScreen
from tests.builders.commands import Asked, invoked
from tests.docs.pages import PAGES, ROOT, between, blocks
from tests.test_contract import LAYERS


def long_options(command: click.Command) -> set[str]:
    return {name for one in command.params for name in one.opts if name.startswith("--")}


LOSS_LIST, KEYS, CODE, ADDING, FAULTS = (
    PAGES[f"docs/{name}.md"] for name in ("losses", "configuration", "own-code", "contributing", "reliability")
)
EVERYTHING = "\n".join(path.read_text(encoding="utf-8") for path in PAGES.values())


def block_of(page: Path, language: str, beginning: str) -> str:
    """Return the block of a page that begins so; there is one."""
    (text,) = [b.text for b in blocks(page) if b.language == language and b.text.startswith(beginning)]
    return text


def test_the_table_of_losses_is_what_the_command_prints() -> None:
    text = LOSS_LIST.read_text(encoding="utf-8")
    shown = re.search(r"<!-- made by: lossterm (.*?) -->\n(.*?)\n<!-- end -->", text, re.DOTALL)
    assert shown is not None
    result = CliRunner().invoke(cli, shown[1].split())
    assert result.exit_code == 0
    assert shown[2].strip() == result.stdout.strip()
    assert {key for key in LOSSES if f"| {key} |" in text} == set(LOSSES)


def test_every_command_is_named() -> None:
    text = PAGES["docs/command-line.md"].read_text(encoding="utf-8")
    assert {name for name in cli.commands if f"`lossterm {name}" not in text and f"`{name}`" not in text} <= {"restore"}
    assert "`restore FILE`" in text


def test_every_task_is_named() -> None:
    text = PAGES["docs/tasks.md"].read_text(encoding="utf-8")
    assert {key for key in TASKS if f"`{key}`" not in text} == set()


def test_every_export_is_named() -> None:
    assert {
        key for key in FORMATS if not re.search(rf"^\|.*`{key}`", PAGES["docs/exports.md"].read_text(), re.MULTILINE)
    } == set()


def test_every_environment_variable_is_named() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "lossterm").rglob("*.py"))
    read = {name for name in re.findall(r"LOSSTERM_[A-Z_]+", code) if not name.startswith("LOSSTERM_FAKE_")}
    told = set(re.findall(r"^\| `(LOSSTERM_[A-Z_]+)", KEYS.read_text(encoding="utf-8"), re.MULTILINE))
    assert told == read


@pytest.mark.parametrize(
    "option", sorted({name for command in cli.commands.values() for name in long_options(command)})
)
def test_every_option_is_told_of(option: str) -> None:
    assert re.search(rf"{option}\b", EVERYTHING), option


def test_every_package_has_its_line_in_the_order_of_their_layers() -> None:
    named = re.findall(r"^\| `(\w+)` \|", between(PAGES["docs/architecture.md"], "packages"), re.MULTILINE)
    assert named == [layer for layer in LAYERS if layer != "__main__"]


def test_where_to_look_is_there() -> None:
    text = PAGES["docs/architecture.md"].read_text(encoding="utf-8").split("## Where to look")[1]
    paths = re.findall(r"`(lossterm/[\w/.]+)`", text)
    assert len(paths) > 10
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_file_and_name_that_contributing_tells_of_is_there() -> None:
    text = ADDING.read_text(encoding="utf-8")
    for path in re.findall(r"`((?:lossterm|tests|docs|snapshots)/[\w/.]*)`", text):
        assert (ROOT / path).exists(), path
    rows = re.findall(r"\| `(test_\w+\.py)` \| (.+) \|", text)
    assert len(rows) == 4
    for file, wants in rows:
        code = (ROOT / "tests/losses" / file).read_text(encoding="utf-8")
        for name in re.findall(r"`([A-Z]+)`", wants):
            assert re.search(rf"^{name}\b", code, re.MULTILINE), (file, name)


def test_every_key_that_can_be_changed_is_named_with_what_it_is() -> None:
    every = keymap.key_help((LosstermApp, MainScreen, *MainScreen.PANELS), {})
    assert re.findall(r"`(\S+)`\s`(\S+)`[,.]", between(KEYS, "keys")) == [(key.id, key.key) for key in every]


def test_every_key_of_a_dialog_that_can_be_changed_is_named_with_what_it_is() -> None:
    every = keymap.key_help(DIALOGS, {})
    shown = re.findall(r"`(\S+)`\s`(\S+)`[,.]", between(KEYS, "keys of dialogs"))
    assert shown == [(key.id, key.key) for key in every]


def test_the_configuration_shown_is_one_that_can_be_read(tmp_path: Path) -> None:
    block = block_of(KEYS, "toml", "theme")
    path = tmp_path / "config.toml"
    path.write_text(block, encoding="utf-8")
    config, words = load(path)
    assert not words
    assert keymap.checked((LosstermApp, MainScreen, *MainScreen.PANELS), config.keys) == config.keys
    assert set(re.findall(r"^(\w+) =", block, re.MULTILINE)) | {"keys"} == set(Config.__struct_fields__)


def test_the_project_file_shown_is_one_that_can_be_read(tmp_path: Path) -> None:
    shutil.copy(ROOT / "examples/apartments.csv", tmp_path)
    file = tmp_path / "lossterm.toml"
    file.write_text(block_of(KEYS, "toml", "[data]"), encoding="utf-8")
    asked = invoked("run", "--project", str(file)).exception
    assert isinstance(asked, Asked)
    comparison = asked.args[1]
    assert (comparison.losses, comparison.seeds) == (("mse", "huber:delta=0.5"), 30)
    assert comparison.hyperparameters.hidden == (64, 32)


@pytest.mark.parametrize(("page", "group"), [("contributing", loss_catalogue.GROUP), ("tasks", task_catalogue.GROUP)])
def test_the_entry_point_shown_is_the_one_that_is_looked_for(page: str, group: str) -> None:
    block = block_of(PAGES[f"docs/{page}.md"], "toml", "[project.entry-points")
    assert list(tomllib.loads(block)["project"]["entry-points"]) == [group]


def test_the_custom_loss_is_found_in_its_file(tmp_path: Path) -> None:
    path = tmp_path / "my_losses.py"
    path.write_text(block_of(CODE, "python", "# my_losses.py"), encoding="utf-8")
    assert source_from(f"{path}:wing:w=2").key.startswith("wing:w=2@")
    assert f"`{source_from(f'{path}:wing').key}`" in CODE.read_text(encoding="utf-8")


def test_the_record_shown_is_a_loss_in_about_ten_lines() -> None:
    code = block_of(ADDING, "python", "from lossterm.losses import Loss")
    names: dict[str, Any] = {}
    exec(code, names)
    loss = names["CUBIC"]
    np.testing.assert_allclose(loss(arrays.numpy(), np.array([1.0, 0.0]), np.array([3.0, -1.0])), [8, 1])
    assert loss.bound({"power": 2}).key == "cubic:power=2"
    assert len([line for line in code.splitlines() if line.strip()]) <= 13


def test_every_fault_of_the_table_is_shown_by_a_test_that_is_there() -> None:
    section = FAULTS.read_text(encoding="utf-8").split("\n## Faults\n", 1)[1].split("\n## ", 1)[0]
    shown = re.findall(r"\| `(tests/[\w/]+\.py)` `(test_\w+)` \|", section)
    assert len(shown) > 20
    for file, name in shown:
        code = (ROOT / file).read_text(encoding="utf-8")
        assert re.search(rf"^(async )?def {name}\(", code, re.MULTILINE), name
    assert section.count("\n| ") == len(shown) + 1 + section.count("| **")  # its head, and what names a part
