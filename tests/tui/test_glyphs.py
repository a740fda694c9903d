"""Terminals whose font lacks signs: every cell is ASCII where that was asked for, or drawn in blocks."""

import asyncio
from pathlib import Path

import pytest
from rich.cells import cell_len

from lossterm.comparison.comparison import Comparison
from lossterm.home.configuration import Config
from lossterm.tasks import TASKS
from lossterm.text.glyph_fallback import swapped
from lossterm.tui.app import LosstermApp
from lossterm.tui.dialogs import ConfirmDialog, ExplainDialog, HelpDialog, QuitDialog, RenameDialog, TextDialog
from lossterm.tui.panels.loss_panel import LossPanel
from lossterm.tui.panels.task_panel import TaskPanel
from tests.builders.app import opened, painted, shown, until
from tests.builders.stores import FAIR, TUTORIAL, fill, measured, undecided

SMALL, LARGE = (80, 24), (140, 40)
both_sizes = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "140x40"])

BRAILLE = [chr(0x2800 + dots) for dots in range(256)]


def strange(app: LosstermApp) -> set[str]:
    """Return the signs on the screen that are not ASCII."""
    return {sign for row in painted(app) for sign in row if not sign.isascii()}


# On the screen


async def test_with_ascii_nothing_else_is_painted_on_any_view(path: Path) -> None:
    fill(
        path, FAIR, scored=undecided, anatomy=measured, diverged=lambda trial: trial.loss == "hinge" and trial.seed == 1
    )
    app = opened(path, config=Config(ascii=True))
    async with app.run_test(size=SMALL) as pilot:
        await shown(36)(pilot)
        for size in (SMALL, LARGE):
            await pilot.resize_terminal(*size)
            for key in ("", *"12345"):  # home, then each view
                if key:
                    await pilot.press(key)
                await pilot.pause(0.05)
                assert strange(app) == set(), (size, key)
                assert "?" not in "".join(painted(app)).replace("? Help", ""), (size, key)  # all have a likeness
                for press in ("m", "m", "y", "left", "b", "b", "b", "plus", "p", "i", "down", "space"):
                    await pilot.press(press)
                    await pilot.pause()
                    assert strange(app) == set(), (size, key, press)
            await pilot.press(*["escape"] * 4)


async def test_with_ascii_nothing_else_is_painted_while_training_goes_on_or_nothing_is_there(path: Path) -> None:
    app = opened(path, config=Config(ascii=True))
    async with app.run_test(size=SMALL) as pilot:
        for key in "12345":
            await pilot.press(key)
            await pilot.pause()
            assert strange(app) == set()
        fill(path, TUTORIAL, trials=4, running=True)
        await shown(12)(pilot)
        for key in "12345":
            await pilot.press(key)
            await pilot.pause(0.02)
            assert strange(app) == set()
        await pilot.resize_terminal(60, 20)
        await pilot.pause()
        assert strange(app) == set()


async def test_with_ascii_every_dialog_is_ascii(path: Path) -> None:
    fill(path, TUTORIAL, trials=4)
    fill(path, TUTORIAL, session="other", trials=0)
    app = opened(path, config=Config(ascii=True))
    async with app.run_test(size=LARGE) as pilot:
        await shown(12)(pilot)
        for key, dialog in (("question_mark", HelpDialog), ("e", ExplainDialog), ("q", QuitDialog)):
            await pilot.press(key)
            await until(pilot, lambda: isinstance(app.screen, dialog))  # noqa: B023  waited for at once
            await pilot.pause()
            assert strange(app) == set(), dialog
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is app.main)
        await pilot.press("5")
        await until(pilot, lambda: len(app.main.sessions.rows) == 2)
        await pilot.press("space", "down")
        for key, asks in (("d", ConfirmDialog), ("n", RenameDialog), ("c", TextDialog)):
            await pilot.press(key)
            await until(pilot, lambda: isinstance(app.screen, asks))  # noqa: B023  the same
            await pilot.pause()
            assert strange(app) == set(), asks
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is app.main)


async def test_with_ascii_every_loss_and_task_is_listed_and_explained_in_ascii(path: Path) -> None:
    app = opened(path, config=Config(ascii=True))
    async with app.run_test(size=(200, 60)) as pilot:
        tasks, losses = app.main.query_one(TaskPanel), app.main.query_one(LossPanel)
        for place in range(len(TASKS)):
            tasks.focus()
            await pilot.press("home", *["down"] * place, "space")
            await pilot.pause()
            assert strange(app) == set()
        losses.focus()
        await pilot.press("home")
        for _ in losses.listed:
            await pilot.press("e")
            await until(pilot, lambda: isinstance(app.screen, ExplainDialog))
            assert strange(app) == set()
            await pilot.press("escape", "down")


async def test_blocks_draw_curves_without_braille_and_keep_everything_else(path: Path) -> None:
    fill(path, FAIR)
    rows = []
    for config in (Config(), Config(markers="blocks")):
        app = opened(path, config=config)
        async with app.run_test(size=LARGE) as pilot:
            await shown(36)(pilot)
            await until(pilot, lambda: "accuracy test" in "".join(painted(app)))  # noqa: B023  waited for at once
            await asyncio.sleep(0.1)
            rows.append(painted(app))
    braille = {(x, y) for y, row in enumerate(rows[0]) for x, sign in enumerate(row) if "⠀" < sign <= "⣿"}
    assert braille
    assert not {sign for row in rows[1] for sign in row} & set(BRAILLE)
    for y, (before, after) in enumerate(zip(*rows, strict=True)):
        assert len(before) == len(after)
        assert all(a == b for x, (a, b) in enumerate(zip(before, after, strict=True)) if (x, y) not in braille)
    assert {rows[1][y][x] for x, y in braille} <= set("▘▝▀▖▌▞▛▗▚▐▜▄▙▟█")


async def test_ascii_markers_swap_curves_alone(path: Path) -> None:
    fill(path, FAIR)
    app = opened(path, config=Config(markers="ascii"))
    async with app.run_test(size=LARGE) as pilot:
        await shown(36)(pilot)
        await asyncio.sleep(0.05)
        assert not strange(app) & set(BRAILLE)
        assert "╭" in strange(app)


# Sign by sign


@pytest.mark.parametrize("markers", ["blocks", "ascii"])
@pytest.mark.parametrize("plain", [False, True])
def test_every_pattern_of_dots_becomes_one_sign(markers: str, plain: bool) -> None:
    for sign in BRAILLE:
        swapped_sign = swapped(sign, markers, plain=plain)
        assert len(swapped_sign) == 1
        assert not "⠀" <= swapped_sign <= "⣿"
        assert (swapped_sign == " ") == (sign == "⠀")
        assert swapped_sign.isascii() or (markers == "blocks" and not plain)


def test_blocks_keep_every_quarter_that_has_a_dot_and_no_other() -> None:
    quarters = {0x01 | 0x02: "▘", 0x08 | 0x10: "▝", 0x04 | 0x40: "▖", 0x20 | 0x80: "▗"}
    unions = {"▀": "▘▝", "▌": "▘▖", "▞": "▝▖", "▛": "▘▝▖", "▚": "▘▗", "▐": "▝▗", "▜": "▘▝▗", "▄": "▖▗"}
    unions |= {"▙": "▘▖▗", "▟": "▝▖▗", "█": "▘▝▖▗", " ": ""} | {one: one for one in quarters.values()}
    for sign in BRAILLE:
        dots = ord(sign) - 0x2800
        lit = {quarter for bits, quarter in quarters.items() if dots & bits}
        assert set(unions[swapped(sign, "blocks", plain=False)]) == lit


@pytest.mark.parametrize(
    ("dots", "sign"),
    [
        ("⠉", "'"),
        ("⣀", "_"),
        ("⠒", "-"),
        ("⠤", "-"),
        ("⡇", "|"),
        ("⢸", "|"),
        ("⣿", "#"),
        ("⡠", "/"),
        ("⠊", "/"),
        ("⠑", "\\"),
    ],
)
def test_strokes_look_like_the_dots(dots: str, sign: str) -> None:
    assert swapped(dots, "ascii", plain=True) == sign


def test_strokes_of_a_pattern_and_of_its_mirror_mirror_each_other() -> None:
    mirrored = {"/": "\\", "\\": "/"}
    for place in range(256):
        left, right = place & 0x47, place & 0xB8
        other = (left & 0x07) << 3 | (left & 0x40) << 1 | (right & 0x38) >> 3 | (right & 0x80) >> 1
        sign, mirror = (swapped(chr(0x2800 + one), "ascii", plain=True) for one in (place, other))
        assert mirror == mirrored.get(sign, sign)


def test_what_has_no_likeness_becomes_a_question_mark_and_nothing_moves() -> None:
    text = "│ 漢é ☃ … ─ a"
    swapped_text = swapped(text, "braille", plain=True)
    assert swapped_text.isascii()
    assert len(swapped_text) == cell_len(text)
    assert swapped_text == "| ??? ? ~ - a"  # 漢 is two cells wide


def test_signs_that_the_app_draws_have_a_likeness() -> None:
    assert "?" not in swapped("─│╭╮╰╯●○■□★✓▲▼…·×±Δ≈−²ℓ→←↑↓├┤┼▏▎▍▌▋▊▉█░▒▓▁▂▃▄▅▆▇▸▾–—αβγδεπστΣ√≠", "ascii", plain=True)


def test_comparisons_of_every_kind_have_names_in_ascii() -> None:
    assert all(loss.isascii() for task in TASKS for loss in Comparison.ask(task).losses)
