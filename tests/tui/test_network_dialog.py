"""The network: what its dialog shows, what it refuses and how, and that it is asked for, taken up and remembered."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.hyperparameters import ACTIVATIONS
from lossterm.store import Store
from lossterm.tasks import task_named
from lossterm.tui.app import LosstermApp
from lossterm.tui.dialogs.network_dialog import NetworkDialog, StepField, settings_on
from lossterm.tui.state.choices import Choices
from lossterm.tui.state.network_choices import USUAL, differing, network_of, network_on, network_remembered
from lossterm.tui.widgets.protocol_field import ProtocolField
from tests.builders.app import opened, painted, shown, until
from tests.builders.stores import SESSION, fill
from tests.builders.tables import HOUSES

SMALL, LARGE = (80, 24), (140, 40)

MODEL = "def build(features, outputs):\n    return None\n"


def asked(path: Path) -> list[Comparison]:
    with Store(path) as store:
        return [one.comparison for one in store.reader.comparisons(SESSION)]


def field(app: LosstermApp, name: str) -> Input | StepField:
    assert isinstance(app.screen, NetworkDialog)
    return app.screen._fields[name]


def differs(app: LosstermApp) -> str:
    return str(app.main.settings.border_subtitle)


async def open_it(pilot: Pilot[None], app: LosstermApp) -> None:
    app.main.losses.focus()
    await pilot.press("N")
    await until(pilot, lambda: isinstance(app.screen, NetworkDialog) and app.focused is field(app, "hidden"))


async def write(pilot: Pilot[None], app: LosstermApp, written: dict[str, str]) -> None:
    """Fill in the dialog by keys, and press enter."""
    for name, text in written.items():
        one = field(app, name)
        one.focus()
        if isinstance(one, Input):
            one.value = ""
            await pilot.press(*text)
        else:
            for _ in range(20):
                if one.chosen == text:
                    break
                await pilot.press("space")
            assert one.chosen == text
    await pilot.press("enter")
    await pilot.pause()


ALL = {
    "hidden": "64,32",
    "activation": "gelu",
    "dropout": "0.1",
    "batch_norm": "on",
    "l2": "1e-4",
    "optimizer": "adamw",
    "schedule": "cosine",
    "early_stopping": "20",
    "class_weight": "balanced",
    "rope": "0.02",
    "final": "on",
}
MEANT: dict[str, Any] = {
    "hidden": (64, 32),
    "activation": "gelu",
    "dropout": 0.1,
    "batch_norm": True,
    "l2": 1e-4,
    "optimizer": "adamw",
    "schedule": "cosine",
    "early_stopping": 20,
    "class_weight": "balanced",
    "rope": 0.02,
    "final": True,
}


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "140x40"])
async def test_everything_that_is_written_is_asked_for(path: Path, size: tuple[int, int]) -> None:
    app = opened(path)
    async with app.run_test(size=size) as pilot:
        await open_it(pilot, app)
        shown = settings_on(task_named("circles"))
        assert set(ALL) | {"model", "scaling"} == {setting.name for setting in shown}
        seen = "\n".join(painted(app))
        assert all(setting.title in seen and setting.row in seen for setting in shown)
        await write(pilot, app, ALL)
        await until(pilot, lambda: app.screen is app.main)
        await until(pilot, lambda: "gelu" in differs(app))
        assert app.main.settings.written["hidden"] == "64,32"
        await pilot.press("r")
        await until(pilot, lambda: asked(path) == [Comparison.ask("circles", **MEANT)])


async def test_one_line_says_what_differs_and_nothing_where_nothing_does(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        assert differs(app) == "N: more of the network"
        await open_it(pilot, app)
        await write(pilot, app, {"optimizer": "adam", "dropout": "0.25"})
        await until(pilot, lambda: differs(app) == "dropout 0.25, adam")
        assert "dropout 0.25, adam" in "\n".join(painted(app))
        await open_it(pilot, app)
        await pilot.press("ctrl+r", "enter")
        await until(pilot, lambda: differs(app) == "N: more of the network")


IMPOSSIBLE = (
    ("circles", "fair", {"dropout": "1"}, "The dropout rate is 1.0, but must be at least 0 and below 1."),
    ("circles", "fair", {"dropout": "much"}, "The dropout rate is 'much', but must be a number."),
    ("circles", "fair", {"l2": "-1"}, "The factor of the L2 penalty is -1.0, but must be"),
    ("circles", "fair", {"hidden": "5,x"}, "Hidden layers is '5,x', but must be whole numbers"),
    ("circles", "fair", {"hidden": ""}, "Hidden layers is '', but must be"),
    ("circles", "fair", {"hidden": "none", "dropout": "0.1"}, "apply to hidden layers, and this network has none."),
    ("circles", "fair", {"early_stopping": "x"}, "The patience of early stopping is 'x', but must be"),
    ("circles", "fair", {"early_stopping": "0"}, "The patience of early stopping is 0, but must be"),
    ("circles", "tutorial", {"early_stopping": "5"}, "has no validation split for early stopping to watch"),
    ("regression", "fair", {"class_weight": "balanced"}, "Class weights are for classes"),
    ("circles", "fair", {"model": "no_such.py:build"}, "no_such.py"),
    ("circles", "fair", {"model": "build"}, "--model"),
)
"""Task, protocol, what is written into the dialog, and the message that it gets."""


async def test_what_cannot_be_is_said_in_the_words_of_the_command_line(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        for task, protocol, written, sentence in IMPOSSIBLE:
            app.main.tasks.choose(app.main.tasks.tasks[task])
            app.main.query_one(ProtocolField).chosen = protocol
            await pilot.pause()
            await open_it(pilot, app)
            await write(pilot, app, written)
            seen = " ".join(" ".join(line.strip(" │") for line in painted(app)).split())
            assert sentence in seen
            assert isinstance(app.screen, NetworkDialog), written
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is app.main)
            assert app.main.settings.network == USUAL, written
    assert asked(path) == []


async def test_a_custom_network_takes_the_place_of_the_layers_and_gives_it_back(path: Path, home: Path) -> None:
    (home / "net.py").write_text(MODEL)
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await open_it(pilot, app)
        await write(pilot, app, {"model": f"{home}/net.py:build"})
        await until(pilot, lambda: app.main.settings.written["hidden"] == "none")
        assert differs(app).endswith("build")
        await pilot.press("r")
        wanted = Comparison.ask("circles", model=f"{home}/net.py:build")
        await until(pilot, lambda: asked(path) == [wanted])
        await open_it(pilot, app)
        await write(pilot, app, {"model": ""})
        await until(pilot, lambda: app.main.settings.written["hidden"] == "50")


async def test_a_model_beside_layers_that_a_person_wrote_is_refused(path: Path, home: Path) -> None:
    (home / "net.py").write_text(MODEL)
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await open_it(pilot, app)
        await write(pilot, app, {"hidden": "9", "model": f"{home}/net.py:build"})
        seen = " ".join(" ".join(line.strip(" │") for line in painted(app)).split())
        assert "builds the whole network, so hidden would change nothing" in seen


async def test_a_session_is_taken_up_with_its_network(path: Path) -> None:
    comparison = Comparison.ask("circles", learning_rates=[0.01], epochs=20, seeds=2, **MEANT)
    fill(path, comparison)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await shown(6)(pilot)
        await until(pilot, lambda: "gelu" in differs(app))
        await pilot.press("r")
        await until(pilot, lambda: asked(path) == [comparison, comparison])


async def test_the_network_stays_with_another_task_as_far_as_it_fits(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await open_it(pilot, app)
        await write(pilot, app, {"optimizer": "adam", "class_weight": "balanced"})
        await until(pilot, lambda: app.main.settings.network == {"optimizer": "adam", "class_weight": "balanced"})
        app.main.tasks.know([HOUSES])
        app.main.tasks.choose(app.main.tasks.tasks[HOUSES.key])
        await until(pilot, lambda: app.main.settings.record.key == HOUSES.key)
        assert app.main.settings.network == {"optimizer": "adam"}


async def test_the_network_comes_back_after_leaving(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await open_it(pilot, app)
        await write(pilot, app, {"optimizer": "nadam", "schedule": "linear", "hidden": "7"})
        await pilot.press("q")
        await until(pilot, lambda: app.return_code == 0)
    again = opened(path)
    async with again.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: again.main.settings.network == {"optimizer": "nadam", "schedule": "linear"})
        assert again.main.settings.written["hidden"] == "7"


async def test_fields_are_gone_through_with_arrows_and_tab(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await open_it(pilot, app)
        names = [setting.name for setting in settings_on(task_named("circles"))]
        for name in names:
            assert app.focused is field(app, name)
            await pilot.press("down")
        assert app.focused is field(app, names[0])
        await pilot.press("up")
        assert app.focused is field(app, names[-1])
        await pilot.press("tab", "tab", "right")
        activation, optimizer = field(app, "activation"), field(app, "optimizer")
        assert isinstance(activation, StepField)
        assert isinstance(optimizer, StepField)
        assert activation.chosen == ACTIVATIONS[1]
        await pilot.press("left", "left")
        assert activation.chosen == ACTIVATIONS[-1]
        await pilot.click(optimizer)
        assert optimizer.chosen == "adam"


def test_a_usual_network_is_remembered_as_nothing() -> None:
    choices = Choices(task="circles", protocol="fair")
    assert b"network" not in msgspec.json.encode(choices)
    assert network_of(Comparison.ask("circles")) == choices.network == USUAL == {}
    assert differing(USUAL) == ""


def test_what_matters_is_chosen_beside_the_network_and_does_not_stay_for_another_task() -> None:
    chosen = network_of(Comparison.ask("circles", rope=0.02, final=True, optimizer="adam"))
    assert chosen == {"rope": 0.02, "final": True, "optimizer": "adam"}
    assert differing(chosen) == "adam, ROPE 0.02, final"
    assert network_on(chosen, task_named("blobs")) == {"optimizer": "adam"}


def test_of_a_network_that_another_version_remembered_what_can_be_chosen_comes_back() -> None:
    remembered = b'{"task":"circles","protocol":"fair","network":{"optimizer":"adam","l2":1,"dropout":"much","gone":3}}'
    network = network_remembered(msgspec.json.decode(remembered, type=Choices).network)
    assert network == {"optimizer": "adam", "l2": 1.0}
    assert differing(network) == "l2 1, adam"
