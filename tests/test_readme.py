"""What the README shows is what the program does."""

import re
from pathlib import Path
from typing import Any

import numpy as np
from click.testing import CliRunner

from lossterm.cli.main import cli
from lossterm.home.configuration import Config, load
from lossterm.losses import LOSSES, arrays
from lossterm.losses.user_defined import source_from
from lossterm.tui.app import LosstermApp
from lossterm.tui.screens import keymap
from lossterm.tui.screens.main_screen import MainScreen
from tests.cells import each

TEXT = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line.split("#")[0].removeprefix(".venv/bin/").split(">")[0].strip()
    for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    for line in block.splitlines()
    if line.removeprefix(".venv/bin/").startswith("lossterm ")
]


def python_block(beginning: str) -> str:
    (block,) = [one for one in re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL) if one.startswith(beginning)]
    return str(block)


def test_the_table_of_losses_is_what_the_command_prints() -> None:
    shown = re.search(r"<!-- made by: lossterm (.*?) -->\n(.*?)\n<!-- end -->", TEXT, re.DOTALL)
    assert shown is not None
    result = CliRunner().invoke(cli, shown[1].split())
    assert result.exit_code == 0
    assert shown[2].strip() == result.stdout.strip()


def test_every_loss_and_command_is_named() -> None:
    assert {key for key in LOSSES if f"| {key} |" in TEXT} == set(LOSSES)
    assert {name for name in cli.commands if f"lossterm {name}" not in TEXT and f"`{name}`" not in TEXT} == set()


def test_every_key_that_can_be_changed_is_named_with_what_it_is() -> None:
    shown = re.search(r"<!-- keys -->\n(.*?)\n<!-- end of keys -->", TEXT, re.DOTALL)
    assert shown is not None
    every = keymap.key_help((LosstermApp, MainScreen, *MainScreen.PANELS), {})
    assert re.findall(r"`(\S+)`\s`(\S+)`[,.]", shown[1]) == [(key.id, key.key) for key in every]


def test_the_configuration_shown_is_one_that_can_be_read(tmp_path: Path) -> None:
    (block,) = [one for one in re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL) if one.startswith("theme")]
    path = tmp_path / "config.toml"
    path.write_text(block, encoding="utf-8")
    config, words = load(path)
    assert not words
    assert keymap.checked((LosstermApp, MainScreen, *MainScreen.PANELS), config.keys) == config.keys
    assert set(re.findall(r"^(\w+) =", block, re.MULTILINE)) | {"keys"} == set(Config.__struct_fields__)


@each("command", COMMANDS)
def test_every_command_shown_is_one_that_the_program_understands(command: str) -> None:
    words = command.split()[1:]
    assert words[0] in cli.commands
    cli.commands[words[0]].make_context(words[0], words[1:])


def test_the_loss_of_ones_own_is_found_in_its_file(tmp_path: Path) -> None:
    path = tmp_path / "my_losses.py"
    path.write_text(python_block("# my_losses.py"), encoding="utf-8")
    assert source_from(f"{path}:wing:w=2").key.startswith("wing:w=2@")


def test_the_record_shown_is_a_loss_in_about_ten_lines() -> None:
    code = python_block("from lossterm.losses import Loss")
    names: dict[str, Any] = {}
    exec(code, names)
    loss = names["CUBIC"]
    np.testing.assert_allclose(loss(arrays.numpy(), np.array([1.0, 0.0]), np.array([3.0, -1.0])), [8, 1])
    assert loss.bound({"power": 2}).key == "cubic:power=2"
    assert len([line for line in code.splitlines() if line.strip()]) <= 13


def test_every_fault_of_the_table_is_shown_by_a_test_that_is_there() -> None:
    section = TEXT.split("## Reliability", 1)[1].split("\n## ", 1)[0]
    shown = re.findall(r"\| `(tests/[\w/]+\.py)` `(test_\w+)` \|", section)
    assert len(shown) > 20
    for file, name in shown:
        code = (Path(__file__).parent.parent / file).read_text(encoding="utf-8")
        assert re.search(rf"^(async )?def {name}\(", code, re.MULTILINE), name
    assert section.count("\n| ") == len(shown) + 1 + section.count("| **")  # its head, and what names a part
