"""Texts that name keys: whatever the configuration gives to a binding is what they say, and no text knows a letter."""

import ast
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from itertools import product
from pathlib import Path
from string import ascii_lowercase, digits
from typing import Any

import pytest
from rich.console import Console
from textual.app import App
from textual.containers import VerticalScroll
from textual.dom import DOMNode
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static

import lossterm
from lossterm.comparison.comparison import Comparison
from lossterm.comparison.protocol_catalogue import PROTOCOLS
from lossterm.data import FileRequest
from lossterm.errors import LosstermError
from lossterm.home.configuration import Config
from lossterm.losses import LOSSES, fitting
from lossterm.store import Store
from lossterm.tasks import task_named
from lossterm.tui.app import LosstermApp
from lossterm.tui.dialogs import (
    ConfirmDialog,
    ExplainDialog,
    HelpDialog,
    QuitDialog,
    RenameDialog,
    TextDialog,
    VaryDialog,
)
from lossterm.tui.dialogs.every import DIALOGS
from lossterm.tui.dialogs.export_dialog import ExportDialog
from lossterm.tui.dialogs.file_dialog import FileDialog
from lossterm.tui.dialogs.network_dialog import NetworkDialog, StepField
from lossterm.tui.dialogs.preview_dialog import ASKS, CHOOSE, TAKES, PreviewDialog
from lossterm.tui.dialogs.reading_dialog import ReadingDialog
from lossterm.tui.screens import keymap
from lossterm.tui.screens.keymap import EVERY
from lossterm.tui.screens.main_layout import VIEWS
from lossterm.tui.screens.main_screen import MainScreen
from lossterm.tui.state.key_names import KeyNames, bindings
from lossterm.tui.state.network_choices import USUAL
from lossterm.tui.widgets.changing_lines import ChangingLines
from lossterm.tui.widgets.key_bar import KeyBar
from tests.builders.app import opened, shown, until
from tests.builders.stores import FAIR, SESSION, fill, undecided
from tests.builders.stores import LOSSES as TRAINED
from tests.builders.tables import Reader

SMALL, LARGE = (80, 24), (140, 40)

HOLDERS: tuple[type[DOMNode], ...] = (LosstermApp, MainScreen, *MainScreen.PANELS)
IDS = [str(binding.id) for binding in bindings(HOLDERS)]
SHIFTS = ("alt", "ctrl+alt", "ctrl+shift", "alt+shift")
OTHERS = [f"{held}+{last}" for held, last in product(SHIFTS, ascii_lowercase + digits)]
CHANGED = dict(zip(IDS, OTHERS, strict=False))
"""Every binding on a key of its own, none of which is the key of any."""


def own_keys(holders: Iterable[type[DOMNode]]) -> set[str]:
    """Return the keys that bindings have by themselves and that would stand out in a sentence, which `a` does not."""
    names = KeyNames(holders, {})
    return {key for one in bindings(holders) if re.fullmatch(r"[a-zA-Z][\w+]*", key := names[str(one.id)])} - {"a"}


def named(text: str, keys: Iterable[str]) -> set[str]:
    """Return which keys stand in a text as words of their own."""
    return {key for key in keys if re.search(rf"(?<![\w+'’-]){re.escape(key)}(?![\w+'-])", text)}


def texts_of(screen: DOMNode) -> str:
    """Return all texts of a dialog: in its borders, its lists and between them."""
    console, parts = Console(width=400, color_system=None), []
    for widget in screen.walk_children():
        parts += [str(getattr(widget, name, None) or "") for name in ("border_title", "border_subtitle")]
        if isinstance(widget, Static):
            with console.capture() as capture:
                console.print(widget.content)
            parts.append(capture.get())
        elif isinstance(widget, OptionList):
            parts += [str(widget.get_option_at_index(place).prompt) for place in range(widget.option_count)]
        elif isinstance(widget, ChangingLines):
            parts.append(widget.text)
    return "\n".join(parts)


# What a key is called


def test_a_binding_is_called_by_its_own_key_or_by_the_one_it_was_given() -> None:
    assert KeyNames(HOLDERS, {})["main.run"] == "r"
    assert KeyNames(HOLDERS, {})["main.out"] == "esc"
    assert KeyNames(HOLDERS, {})["curves.smoother"] == "+"
    for given, name in (("f5", "f5"), ("f5,g", "f5"), (" ? ", "?"), ("slash", "/"), ("ctrl+left", "ctrl+←")):
        names = KeyNames(HOLDERS, {"main.run": given})
        assert names["main.run"] == name
        assert names.fill_in("press {main.run}; {main.stop} stops") == f"press {name}; s stops"
    with pytest.raises(KeyError, match=r"main\.rum"):
        KeyNames(HOLDERS, {}).fill_in("{main.rum}")


def test_a_dialogs_bindings_are_known_once_it_is() -> None:
    names = KeyNames(HOLDERS, {"files.cancel": "f9"})
    with pytest.raises(KeyError):
        names["files.cancel"]
    assert names.of(FileDialog)["files.cancel"] == "f9"
    assert names.of(FileDialog)["main.run"] == "r"


@pytest.mark.parametrize(
    ("given", "shows"),
    [
        ({}, "1–6"),
        ({"view.curves": "f1"}, "f1"),
        ({"view.sessions": "g"}, "1"),
        ({f"view.{view}": f"f{number}" for number, view in enumerate(VIEWS, 1)}, "f1–f6"),
        ({f"view.{view}": f"ctrl+{number}" for number, view in enumerate(VIEWS, 3)}, "ctrl+3–ctrl+8"),
    ],
)
def test_several_keys_are_shown_as_a_range_only_where_they_are_one(given: dict[str, str], shows: str) -> None:
    assert KeyNames(HOLDERS, given).span(*(f"view.{view}" for view in VIEWS)) == shows


async def test_the_bar_does_not_promise_digits_that_do_nothing(path: Path) -> None:
    app = opened(path, config=Config(keys={"view.sessions": "f9"}))
    async with app.run_test(size=LARGE) as pilot:
        await pilot.pause()
        assert "1 Views" in app.main.query_one(KeyBar).text
        assert "–" not in app.main.query_one(KeyBar).text


# What the screen says


async def test_the_key_that_runs_is_told_alike_in_the_empty_chart_in_the_help_and_in_the_bar(path: Path) -> None:
    app = opened(path, config=Config(keys={"main.run": "f5"}))
    async with app.run_test(size=(120, 120)) as pilot:
        chart = app.main.query_one("#chart-loss", ChangingLines)
        await until(pilot, lambda: "then press f5 to train them." in chart.text)
        assert "f5 Run" in app.main.query_one(KeyBar).text
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpDialog))
        assert "tick losses, press f5." in texts_of(app.screen)
        assert re.search(r"f5 +Train the ticked losses", texts_of(app.screen))
        assert "press r" not in texts_of(app.screen)


def test_every_binding_can_be_given_another_key() -> None:
    assert len(CHANGED) == len(IDS)
    assert keymap.checked(HOLDERS, CHANGED) == CHANGED
    assert not set(CHANGED.values()) & own_keys(HOLDERS)


def toasts(app: LosstermApp) -> list[str]:
    return [one.message for one in app._notifications]


async def without_anything(pilot: Pilot[None], app: LosstermApp) -> list[str]:
    chart = app.main.query_one("#chart-loss", ChangingLines)
    await until(pilot, lambda: "own" in chart.text)
    texts = [chart.text, str(app.main.settings.border_subtitle)]
    await pilot.press(CHANGED["view.sessions"])
    await until(pilot, lambda: bool(app.main.sessions.border_subtitle))
    texts.append(str(app.main.sessions.border_subtitle))
    await pilot.resize_terminal(60, 20)
    await until(pilot, lambda: app.main.has_class("-too-small"))
    texts.append(str(app.main.query_one("#too-small", Static).content))
    return texts


async def of_curves(pilot: Pilot[None], app: LosstermApp) -> list[str]:
    await shown(36)(pilot)
    await pilot.press(CHANGED["view.curves"], CHANGED["curves.down"])
    await until(pilot, lambda: "selected" in app.main.curves.readout.text)
    texts = [app.main.curves.readout.text]
    for loss in TRAINED:
        app.main.curves.look = app.main.curves.look.hide(loss)
    await until(pilot, lambda: "No loss is shown" in app.main.query_one("#chart-loss", ChangingLines).text)
    return [*texts, app.main.query_one("#chart-loss", ChangingLines).text]


async def of_predictions(pilot: Pilot[None], app: LosstermApp) -> list[str]:
    await shown(8)(pilot)
    await pilot.press(CHANGED["view.predictions"])
    await until(pilot, lambda: "more" in str(app.main.predictions.border_subtitle))
    return [str(app.main.predictions.border_subtitle)]


async def of_toasts(pilot: Pilot[None], app: LosstermApp) -> list[str]:
    await shown(36)(pilot)
    await pilot.press(CHANGED["main.settle"])
    await until(pilot, lambda: any("seeds: at most" in one for one in toasts(app)))
    await pilot.press(CHANGED["view.sessions"])
    await until(pilot, lambda: app.main.sessions.pointed)
    app.main.sessions.action_compare()
    await until(pilot, lambda: any("Mark at least two" in one for one in toasts(app)))
    with Store(app.main.store.path) as store:
        store.sessions.delete(SESSION)
    await until(pilot, lambda: any("begins it anew" in one for one in toasts(app)))
    return toasts(app)


async def of_help(pilot: Pilot[None], app: LosstermApp) -> list[str]:
    await pilot.press(CHANGED["main.help"])
    await until(pilot, lambda: isinstance(app.screen, HelpDialog))
    return [texts_of(app.screen)]


@pytest.mark.parametrize(
    ("look", "size", "says"),
    [
        (without_anything, SMALL, ["loss.tick", "main.run", "main.file", "main.network", "main.quit"]),
        (of_curves, SMALL, ["curves.pin", "curves.hide", "main.filter"]),
        (of_predictions, SMALL, ["predictions.down"]),
        (of_toasts, LARGE, ["main.stop", "sessions.mark", "main.run"]),
        (
            of_help,
            LARGE,
            [one.id for one in keymap.key_help(HOLDERS[1:], {})] + ["app.next", "app.suspend", "loss.down"],
        ),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
async def test_with_every_key_changed_no_text_names_one_that_no_longer_works(
    path: Path, look: Callable[[Pilot[None], LosstermApp], Awaitable[list[str]]], size: tuple[int, int], says: list[str]
) -> None:
    if look is of_predictions:
        losses = tuple(loss.key for loss in fitting(task_named("blobs").targets))[:8]
        fill(path, Comparison.ask("blobs", losses, learning_rates=[0.01], epochs=20, seeds=1))
    elif look in (of_curves, of_toasts):
        fill(path, FAIR, scored=undecided)
    app = opened(path, config=Config(keys=CHANGED))
    async with app.run_test(size=size, notifications=True) as pilot:
        texts = await look(pilot, app)
    shown = "\n".join(texts)
    assert named(shown, own_keys(HOLDERS) - {"enter"}) == set()
    assert [one for one in says if CHANGED[one] not in shown] == []


# What dialogs say


def dialogs(keys: KeyNames, table: Path) -> list[ModalScreen[Any]]:
    """Return every dialog."""
    return [
        ExplainDialog(LOSSES["huber"], keys),
        TextDialog("Two sessions", ["a line"], keys),
        VaryDialog(LOSSES["huber"], keys),
        RenameDialog("mine", keys),
        QuitDialog(keys),
        ConfirmDialog("Delete it?", "delete it", keys),
        ExportDialog("mine", "circles", "hinge", keys, trials=12, epochs=240),
        FileDialog(table.parent, keys, lambda path: PreviewDialog(FileRequest(path=path, target=""), Reader(), keys)),
        NetworkDialog(USUAL, "50", task_named("circles"), PROTOCOLS["fair"], lambda *_: None, keys),
        PreviewDialog(FileRequest(path=str(table), target=""), Reader(), keys),
        ReadingDialog(FileRequest(path=str(table), target=""), keys),
    ]


OWN: dict[type[DOMNode], tuple[type[DOMNode], ...]] = {
    **{one: (one,) for one in (ExplainDialog, TextDialog, VaryDialog, RenameDialog, QuitDialog, ConfirmDialog)},
    **{one: (one,) for one in (ExportDialog, FileDialog, PreviewDialog, ReadingDialog)},
    NetworkDialog: (NetworkDialog, StepField),
}
"""Dialog → the classes whose bindings are its own."""


async def test_no_dialog_names_a_key_that_is_not_its_bindings(tmp_path: Path) -> None:
    table = tmp_path / "houses.csv"
    table.write_text("x,y\n1,2\n")
    every = bindings(kind for kinds in OWN.values() for kind in kinds)
    changed = CHANGED | {str(one.id): other for one, other in zip(every, OTHERS[len(IDS) :], strict=False)}
    host: App[None] = App()
    async with host.run_test(size=LARGE) as pilot:
        checked = set()
        for dialog in dialogs(KeyNames(HOLDERS, changed), table):
            host.push_screen(dialog)
            await until(pilot, lambda: dialog.is_current and dialog.is_mounted)  # noqa: B023  waited for at once
            if isinstance(dialog, PreviewDialog):
                await until(pilot, lambda: "Which column" in dialog.words.text)  # noqa: B023
            shown, owners = texts_of(dialog), OWN[type(dialog)]
            if isinstance(dialog, ExplainDialog):  # whose formulas have letters
                shown = str(dialog.query_one(VerticalScroll).border_subtitle)
            forbidden = own_keys(owners) | (own_keys(HOLDERS) - {"enter"})  # which Textual's fields and lists take
            assert named(shown, forbidden) == set(), dialog
            assert [key for one in bindings(owners) if (key := changed[str(one.id)]) in shown], dialog
            checked.add(type(dialog))
            dialog.dismiss()
            await pilot.pause()
    assert checked == set(OWN)


def test_every_class_with_keys_of_its_own_can_have_them_changed() -> None:
    known = {one.id for one in bindings((*HOLDERS, *DIALOGS))}
    for path in (Path(lossterm.__file__).parent / "tui").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert set(re.findall(r'Binding\(.*?\bid="([\w.]+)"', text, re.DOTALL)) <= known, path
    places = [getattr(one, "PLACE", EVERY) for one in (*HOLDERS[1:], *DIALOGS)]
    assert len(set(places) - {EVERY}) == len([one for one in places if one != EVERY])


async def test_the_keys_of_a_dialog_can_be_changed_and_its_texts_say_so(path: Path) -> None:
    fill(path, FAIR, scored=undecided)
    app = opened(path, config=Config(keys={"export.cancel": "f7", "quit.leave": "f8", "main.export": "X"}))
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: bool(app.main.view.asked))
        await pilot.press("X")
        await until(pilot, lambda: isinstance(app.screen, ExportDialog))
        assert "f7 cancels" in texts_of(app.screen)
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, ExportDialog)
        await pilot.press("f7")
        await until(pilot, lambda: app.screen is app.main)
    for keys, words in (({"export.cancle": "f7"}, "export.cancel"), ({"quit.leave": "s"}, "quit.stop")):
        with pytest.raises(LosstermError, match=words):
            opened(path, config=Config(keys=keys))


def test_what_is_left_to_say_of_a_table_names_its_bindings() -> None:
    keys = KeyNames(HOLDERS, {"table.target": "f5", "table.take": "f6"}).of(PreviewDialog)
    assert keys.fill_in(ASKS).endswith("press f5; a takes another beside it.")
    assert keys.fill_in(CHOOSE).endswith("press f5.")
    assert keys.fill_in(TAKES).startswith("f6 takes this table")


# What the code says

KEYS = re.compile(
    r"\b(esc|space|tab|shift\+tab|ctrl\+(?!p\b)\w+)\b"
    r"|\b[Pp]ress [^\s{]{1,2}\b|^\S: more|\b[a-zA-Z] (quits|begins|pins|hides)\b"
)
"""How a text names a key by itself; ctrl+p is Textual's own, and cannot be given another."""


def literals(tree: ast.AST) -> Iterator[ast.Constant]:
    """Yield the texts of a file that are not documentation, and not where a binding is made or a word is compared."""
    for node in ast.iter_child_nodes(tree):
        documents = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        binds = isinstance(node, ast.Call) and ast.unparse(node.func) == "Binding"
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node
        elif not (documents or binds or isinstance(node, ast.Compare)):
            yield from literals(node)


def test_no_text_of_the_app_knows_a_key_by_itself() -> None:
    package = Path(lossterm.__file__).parent
    files = [*package.glob("tui/**/*.py"), *package.glob("following/*.py"), *package.glob("figures/*.py")]
    wrong = [
        f"{file.relative_to(package)}:{one.lineno}: {one.value!r}"
        for file in files
        if file.name != "key_names.py"  # where keys get their names
        for one in literals(ast.parse(file.read_text(encoding="utf-8")))
        if KEYS.search(str(one.value))
    ]
    assert wrong == []
    assert all(KEYS.search(text) for text in ("Tick losses with space", "then press r to", "q quits", "N: more"))
