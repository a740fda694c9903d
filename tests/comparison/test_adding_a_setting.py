"""A hyperparameter that is added as one field with its record appears wherever there is one."""

import importlib
import shlex
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest
from click.testing import CliRunner, Result

SMALL, LARGE = (80, 24), (140, 60)

ASKED: dict[str, Any] = {"clip_norm": 0.25, "decoupled": False, "rounding": "up", "warm_up": 7, "widths": (3, 4)}
"""The settings that are added, with a value of each that is not the usual one."""

OPTIONS = "--clip-norm 0.25 --no-decoupled --rounding up --warm-up 7 --widths 3,4"
TOML: dict[str, Any] = {"clip-norm": 0.25, "decoupled": False, "rounding": "up", "warm-up": 7, "widths": [3, 4]}
ROWS = {"clip_norm": "0.25", "decoupled": "off", "rounding": "up", "warm_up": "7", "widths": "3,4"}


@pytest.fixture(scope="module", autouse=True)
def added() -> Iterator[None]:
    """Load lossterm anew with more fields in Hyperparameters, as if they stood there, and put back what was loaded."""
    before = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "lossterm"}
    module: Any = importlib.import_module("lossterm.comparison.hyperparameters")
    from lossterm.comparison.hyperparameters import Hyperparameters
    from lossterm.comparison.setting import Range, Setting

    class More(Hyperparameters, frozen=True, kw_only=True, omit_defaults=True):
        clip_norm: Annotated[
            float,
            Setting(
                label="The norm to clip to",
                help="Norm that gradients are clipped to",
                row="largest norm of a gradient",
                range=Range(least=0, most=100),
                phrase=lambda norm: f"clipped to {norm:g}",
            ),
        ] = 0.0
        decoupled: Annotated[
            bool,
            Setting(
                label="Decoupling", help="Decouple decay", row="decouple the decay", phrase=lambda on: f"decoupled {on}"
            ),
        ] = True
        rounding: Annotated[
            str,
            Setting(label="The rounding", help="How weights are rounded", row="of weights", words=("even", "up")),
        ] = "even"
        warm_up: Annotated[
            int | None,
            Setting(
                label="The length of the warm-up",
                help="Epochs of warm-up",
                row="epochs",
                range=Range(least=1, most=50),
                example=5,
                unset="none",
                phrase=lambda epochs: f"warm-up {epochs}",
                needs_validation=True,
                unfit="{protocol} can't warm up.",
            ),
        ] = None
        widths: Annotated[
            tuple[int, ...],
            Setting(
                label="Widths",
                help="Widths of the kernels",
                row="widths",
                part="layers",
                range=Range(least=1, most=9),
                each="A width",
                most=2,
                phrase=lambda widths: f"widths {'-'.join(map(str, widths))}",
            ),
        ] = ()

    module.Hyperparameters = More
    yield
    for name in list(sys.modules):
        if name.partition(".")[0] == "lossterm":
            del sys.modules[name]
    sys.modules.update(before)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty directory that is the working one and holds the store."""
    monkeypatch.setenv("LOSSTERM_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def invoked(*words: str) -> Result:
    from lossterm.cli.main import cli

    return CliRunner().invoke(cli, words)


def asked(*words: str) -> Any:
    """Return the comparison that `lossterm run` asks for, and trains nothing."""
    from lossterm.store.requests import Requests

    class Stop(Exception):
        pass

    def stop(self: object, session: str, comparison: Any) -> None:
        raise Stop(comparison)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Requests, "ask", stop)
        error = invoked("run", "--seeds", "1", *words).exception
    assert isinstance(error, Stop), error
    return error.args[0]


def compared(**settings: Any) -> Any:
    from lossterm.comparison.comparison import Comparison

    return Comparison.ask("circles", ("hinge",), seeds=1, learning_rates=(0.1,), **settings)


def report(comparison: Any) -> Any:
    """Put a comparison into a store, and return its report as another process would make it."""
    from lossterm.reports.report import build
    from lossterm.store import Store

    with Store(Path("store.db")) as store:
        store.requests.ask("one", comparison)
    with Store(Path("store.db")) as store:
        (asked,) = store.reader.comparisons("one")
        return build(asked, store.reader.trials([asked.id]))


def test_a_setting_that_is_as_usual_leaves_trials_their_keys() -> None:
    usual, unset, other = (next(iter(compared(**more).trials())) for more in ({}, {"clip_norm": 0}, ASKED))
    assert usual.key == unset.key != other.key
    assert usual.program == unset.program == "circles/fair/hinge/50/relu/None/momentum/32/schedule=cosine"
    assert other.program == f"{usual.program}/clip_norm=0.25/decoupled=False/rounding=up/warm_up=7/widths=(3, 4)"


def test_it_has_an_option_that_is_told_in_the_help_and_taken(here: Path) -> None:
    help_text = " ".join(invoked("run", "--help").stdout.split())
    for words in (
        "--clip-norm FLOAT Norm that gradients are clipped to. [default: 0.0]",
        "--decoupled / --no-decoupled Decouple decay.",
        "--rounding [even|up] How weights are rounded. [default: even]",
        "--warm-up INTEGER Epochs of warm-up (default: none).",
        "--widths UNITS Widths of the kernels, as 50,20, or none.",
    ):
        assert words in help_text
    hyperparameters = asked(*OPTIONS.split()).hyperparameters
    assert {name: getattr(hyperparameters, name) for name in ASKED} == ASKED


def test_it_is_a_key_of_the_project_file_that_is_written_and_read_back(here: Path) -> None:
    assert invoked("init").exit_code == 0
    text = Path("lossterm.toml").read_text()
    for lines in (
        "# Norm that gradients are clipped to.\n#clip-norm = 0.0\n",
        "# Decouple decay.\n#decoupled = true\n",
        '# How weights are rounded: even or up.\n#rounding = "even"\n',
        "# Epochs of warm-up; none, unless set.\n#warm-up = 5\n",
        "# Widths of the kernels; [] for none.\n#widths = []\n",
    ):
        assert lines in text
    assert invoked("init", "--force", *OPTIONS.split()).exit_code == 0
    sections = tomllib.loads(Path("lossterm.toml").read_text())
    assert {**sections["network"], **sections["training"]} == TOML
    assert asked() == asked("--no-project", *OPTIONS.split())
    Path("lossterm.toml").write_text("[training]\nclip-norm = true\n")
    assert str(invoked("run").exception) == "lossterm.toml: training.clip-norm is true, but must be a number."


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "140x60"])
async def test_it_is_a_row_of_the_network_dialog(size: tuple[int, int]) -> None:
    from textual.app import App

    from lossterm.comparison.protocol_catalogue import PROTOCOLS
    from lossterm.tasks import task_named
    from lossterm.tui.dialogs.network_dialog import NetworkDialog
    from lossterm.tui.state.key_names import KeyNames
    from lossterm.tui.state.network_choices import differing, network_of

    def check(network: Any, layers: str) -> None:
        compared(**network)

    app: App[None] = App()
    chosen: list[Any] = []
    async with app.run_test(size=size) as pilot:
        app.push_screen(
            NetworkDialog({}, "50", task_named("circles"), PROTOCOLS["fair"], check, KeyNames([], {})), chosen.append
        )
        await pilot.pause()
        dialog: Any = app.screen
        labels = [str(label.render()) for label in dialog.query("Label")]
        fields = dialog._fields
        for name, (row, usual) in {
            "clip_norm": ("largest norm of a gradient", "0"),
            "decoupled": ("decouple the decay", "on"),
            "rounding": ("of weights", "even"),
            "warm_up": ("epochs", ""),
            "widths": ("widths", "none"),
        }.items():
            assert labels[labels.index(name.replace("_", " ")) + 1] == row
            assert (fields[name].value if hasattr(fields[name], "value") else fields[name].chosen) == usual
        fields["clip_norm"].value = "101"
        await pilot.pause()
        dialog.action_take()
        await pilot.pause()
        message = str(dialog.query_one("#wrong").render())
        assert message == "The norm to clip to is 101.0, but must be from 0 to 100."
        for name, text in ROWS.items():
            setattr(fields[name], "value" if hasattr(fields[name], "value") else "chosen", text)
        dialog.action_take()
        await pilot.pause()
    ((network, layers),) = chosen
    assert (network, layers) == (ASKED, "50")
    assert network_of(compared(**ASKED)) == network
    assert differing(network) == "widths 3-4, clipped to 0.25, decoupled False, up, warm-up 7"


def test_it_is_told_in_the_headline_where_it_is_not_as_usual(here: Path) -> None:
    from lossterm.reports.headline import headline

    assert (
        headline(report(compared()))
        == "circles: 1 seed × 200 epochs, lr 0.1 cosine, momentum 0.9, batch 32, hidden 50 (he_uniform)"
    )


def test_the_store_json_and_a_recording_hold_it(here: Path) -> None:
    from lossterm.recordings.recorded_comparison import Given, RecordedComparison
    from lossterm.reports.headline import headline
    from lossterm.reports.json_document import document
    from lossterm.text.json_text import as_json

    comparison = compared(**ASKED)
    made = report(comparison)
    assert made.asked.comparison == comparison
    assert headline(made) == (
        "circles: 1 seed × 200 epochs, lr 0.1 cosine, momentum 0.9, batch 32, clipped to 0.25, decoupled False, up, "
        "warm-up 7, hidden 50 (he_uniform), widths 3-4"
    )
    written = document(made)
    held = written["hyperparameters"]
    assert {name: held[name] for name in ASKED} == ASKED
    recorded = msgspec.json.decode(as_json(written), type=RecordedComparison)
    assert recorded.asked(Given()) == comparison


def test_exports_tell_it_and_the_command_asks_for_it_again(here: Path) -> None:
    from lossterm.export.rerun_command import command
    from lossterm.export.setting_labels import settings

    comparison = compared(**ASKED)
    labels = dict(settings(report(comparison)))
    expected = {"clip norm": "0.25", "decoupled": "no", "rounding": "up", "warm up": "7", "widths": "3, 4"}
    assert {label: labels[label] for label in expected} == expected
    words = shlex.split(command(comparison))[2:]
    assert shlex.join(words).endswith(OPTIONS)
    assert asked(*words) == comparison


def test_a_screen_reader_tells_it(here: Path) -> None:
    from lossterm.reports.screen_reader import lines

    sentences = lines(report(compared(**ASKED)), {})
    assert "Besides: schedule cosine, clip norm 0.25, decoupled off, rounding up, warm up 7, widths 3,4." in sentences


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"clip_norm": -1}, "The norm to clip to is -1.0, but must be from 0 to 100."),
        ({"clip_norm": float("nan")}, "The norm to clip to is nan, but must be from 0 to 100."),
        ({"clip_norm": "much"}, "The norm to clip to is 'much', but must be a number."),
        ({"decoupled": 2}, "Decoupling is 2, but must be true or false."),
        ({"rounding": "uq"}, "There is no rounding 'uq'. Did you mean up?"),
        ({"warm_up": 51}, "The length of the warm-up is 51, but must be from 1 to 50."),
        ({"warm_up": 5, "protocol": "tutorial"}, "tutorial can't warm up."),
        ({"widths": (1, 10)}, "A width is 10, but must be from 1 to 9."),
        ({"widths": (1, 2, 3)}, "The number of widths is 3, but must be at most 2."),
        ({"clip_nor": 1}, "There is no setting 'clip_nor'. Did you mean clip_norm?"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_its_label(settings: dict[str, Any], says: str) -> None:
    from lossterm.errors import UsageError

    with pytest.raises(UsageError) as raised:
        compared(**settings)
    assert str(raised.value) == says
