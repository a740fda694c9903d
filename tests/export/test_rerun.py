"""The command to run a comparison again asks for the same trials."""

import shlex
from pathlib import Path

import pytest

from lossterm.cli.commands.run import run
from lossterm.comparison.comparison import Comparison
from lossterm.export.rerun_command import command
from lossterm.store.requests import Requests


def asked_by(words: list[str], monkeypatch: pytest.MonkeyPatch) -> Comparison:
    """Return what `lossterm run` asks for with these words."""
    asked: list[Comparison] = []

    class Stop(Exception):
        pass

    def keep(self: Requests, session: str, comparison: Comparison) -> None:
        asked.append(comparison)
        raise Stop

    monkeypatch.setattr(Requests, "ask", keep)
    with pytest.raises(Stop):
        run.main(words, standalone_mode=False)
    return asked[0]


@pytest.mark.parametrize(
    "comparison",
    [
        Comparison.ask("circles"),
        Comparison.ask("circles", ("hinge",), protocol="tutorial", seeds=3, device="cpu"),
        Comparison.ask("regression", ("huber:delta=0.5", "mse"), learning_rates=[1e-5, 0.3], hidden=(), epochs=7),
        Comparison.ask("blobs", metric="log_loss", optimizer="adam", batch_size=7, hidden=(3, 2)),
        Comparison.ask("blobs", activation="gelu", dropout=0.1, batch_norm=True, l2=1e-4, class_weight="balanced"),
        Comparison.ask("circles", schedule="cosine", early_stopping=20),
        Comparison.ask("circles", rope=0.02, final=True),
        Comparison.ask("circles", rope=0.0),
    ],
    ids=lambda comparison: f"{comparison.task} {comparison.protocol}",
)
def test_it_asks_for_the_same(comparison: Comparison, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, *words = shlex.split(command(comparison))
    assert (first, second) == ("lossterm", "run")
    assert asked_by(words, monkeypatch) == comparison


def test_it_names_the_file_of_a_custom_loss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a 'quoted' name.py"
    file.write_text("def mine(y_true, y_pred):\n    return y_pred\n")
    comparison = Comparison.ask("circles", ("hinge",), own=[f"{file}:mine"])
    assert asked_by(shlex.split(command(comparison))[2:], monkeypatch) == comparison


def test_what_has_no_option_is_said_in_a_comment() -> None:
    words = command(Comparison.ask("circles", initial_sd=0.05))
    assert words.endswith("  # and initial sd 0.05, which has no option")
    assert "0.05" not in shlex.split(words, comments=True)
