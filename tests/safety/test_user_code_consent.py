"""A store may name code; what runs is only what this user named himself, as it was then."""

import stat
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from lossterm import project
from lossterm.cli.main import cli
from lossterm.comparison.comparison import Comparison
from lossterm.comparison.user_code_consent import refuse_unnamed, trust, trust_all_of, trusted
from lossterm.comparison.user_network import OPTION, network_from, source_of
from lossterm.errors import DataError
from lossterm.export.script.loss_section import _add_user_loss as add_loss
from lossterm.export.script.network_section import _add_user_network as add_network
from lossterm.export.script.script_text import Script
from lossterm.losses import Source, source_from
from lossterm.project import FILE_NAME
from lossterm.store import Store
from tests.builders.app import opened, until
from tests.builders.commands import invoked
from tests.builders.stores import TUTORIAL, fill

MINE = (
    "def mine(y_true, y_pred):\n    return (y_true - y_pred) ** 2\n\n\ndef net(features, outputs):\n    return None\n"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of losses and networks of somebody's own."""
    path = tmp_path / "mine.py"
    path.write_text(MINE)
    return path


@pytest.fixture
def kept(nobodys_home: Path) -> Path:
    """Where it is kept what is trusted."""
    return nobodys_home / "lossterm" / "trusted"


def naming(file: Path, **more: Any) -> Comparison:
    """Return a comparison that names a loss and a network of a file; nobody has trusted either."""
    settings: dict[str, Any] = {"protocol": "tutorial", "seeds": 1, "epochs": 2, "device": "cpu", **more}
    return Comparison.ask("circles", ("hinge",), own=[f"{file}:mine"], model=f"{file}:net", **settings)


def both(file: Path) -> tuple[Source, Source]:
    return source_from(f"{file}:mine"), source_of(network_from(f"{file}:net"))


# What is trusted


def test_nothing_is_trusted_before_it_is_named(file: Path, kept: Path) -> None:
    assert not trusted(source_from(f"{file}:mine"))
    assert not kept.exists()
    trust()
    assert not kept.exists()


def test_what_is_named_is_trusted_and_nothing_beside_it(file: Path) -> None:
    trust(source_from(f"{file}:mine:power=2"))
    assert trusted(source_from(f"{file}:mine:power=2"))
    for other in (f"{file}:mine", f"{file}:mine:power=3", f"{file}:net"):
        assert not trusted(source_from(other))
    elsewhere = file.with_name("same_content.py")
    elsewhere.write_bytes(file.read_bytes())
    assert not trusted(source_from(f"{elsewhere}:mine:power=2"))


def test_an_edited_file_is_not_trusted_until_it_is_named_again(file: Path) -> None:
    source = source_from(f"{file}:mine")
    trust(source)
    file.write_text(MINE + "# edited\n")
    assert not trusted(source)
    trust(source)
    assert trusted(source)
    file.write_text(MINE)
    assert trusted(source)  # it is again what was named before


def test_trusting_twice_writes_one_line(file: Path, kept: Path) -> None:
    source = source_from(f"{file}:mine")
    trust(source, source)
    before = kept.read_bytes()
    trust(source)
    assert kept.read_bytes() == before
    assert before.count(source.digest.encode()) == 1
    assert len(source.digest) == 64
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_line_that_was_cut_off_harms_no_other(file: Path, kept: Path) -> None:
    loss, network = both(file)
    trust(loss)
    whole = kept.read_bytes()
    kept.write_bytes(whole + f'\n{network.digest} "{str(file)[:9]}'.encode())
    assert trusted(loss)
    assert not trusted(network)
    trust(network)
    assert trusted(loss)
    assert trusted(network)


def test_a_path_cannot_forge_a_line(tmp_path: Path, file: Path) -> None:
    digest = source_from(f"{file}:net").digest
    forging = tmp_path / f'x\n{digest} "{str(file).replace("/", "_")}'
    forging.mkdir()
    code = forging / "mine.py"
    code.write_text(MINE)
    trust(source_from(f"{code}:mine"))
    assert trusted(source_from(f"{code}:mine"))
    assert not trusted(source_from(f"{file}:net"))


def test_many_who_trust_at_once_lose_nothing(tmp_path: Path) -> None:
    sources = []
    for number in range(24):
        code = tmp_path / f"mine_{number}.py"
        code.write_text(MINE)
        sources.append(source_from(f"{code}:mine"))
    threads = [threading.Thread(target=trust, args=(source,)) for source in sources]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(map(trusted, sources))


def test_what_is_not_trusted_is_refused_with_the_words_to_trust_it(tmp_path: Path) -> None:
    file = tmp_path / "two words.py"
    file.write_text(MINE)
    source = source_from(f"{file}:mine")
    with pytest.raises(DataError) as refused:
        refuse_unnamed(source, source.digest)
    assert str(refused.value) == (
        f"{file} is named by the store, but not by you in its present form: mine in it was not run. "
        f"Look at it, and if you trust it, name it yourself: lossterm run --loss-file '{file}:mine' …"
    )
    with pytest.raises(DataError, match=f"lossterm run {OPTION} "):
        refuse_unnamed(source, source.digest, OPTION)


def test_a_module_is_trusted_as_it_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "planted_module.py").write_text(MINE)
    monkeypatch.syspath_prepend(str(tmp_path))
    source = source_from("planted_module:mine")
    trust(source)
    assert trusted(source)
    (tmp_path / "planted_module.py").write_text(MINE + "# another version\n")
    assert not trusted(source)
    assert "planted_module" not in sys.modules  # it was looked at, and not run


# Who trusts: a person's words


def test_what_run_is_given_is_trusted(file: Path) -> None:
    loss, network = both(file)
    invoked("run", "--task", "circles", "--loss-file", f"{file}:mine", "--model", f"{file}:net")
    assert trusted(loss)
    assert trusted(network)


def test_what_a_users_own_project_file_names_is_trusted(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(FILE_NAME).write_text('[comparison]\nloss-file = ["mine.py:mine"]\n\n[network]\nmodel = "mine.py:net"\n')
    invoked("run", "--task", "circles")
    assert not any(map(trusted, both(file))), "nobody was there to be asked"
    invoked("run", "--task", "circles", "--project", FILE_NAME)
    assert all(map(trusted, both(file)))


def test_what_a_project_file_of_somebody_elses_names_is_not(
    file: Path, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def read_foreign(path: Path) -> project.Project:
        return replace(project.read_project(path), foreign=True)

    monkeypatch.setattr("lossterm.cli.project_file.read_project", read_foreign)
    Path(FILE_NAME).write_text('[comparison]\nloss-file = ["mine.py:mine"]\n')
    assert "is somebody else's and names code to run" in str(invoked("run", "--task", "circles").exception)
    assert not kept.exists()


def test_what_probe_is_given_is_trusted(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("subprocess.run", stopped)
    CliRunner().invoke(cli, ["probe", f"{file}:mine"])
    assert trusted(source_from(f"{file}:mine"))


async def test_what_the_app_is_given_is_trusted_as_it_is_when_it_is_asked_for(file: Path, tmp_path: Path) -> None:
    """The command line trusts it at the start; the app does where a file is another by the time that it trains."""
    source = source_from(f"{file}:mine")
    trust(source)
    app = opened(tmp_path / "lossterm.db", own=[source.text])
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.main.is_current)
        file.write_text(MINE + "# edited while the app is open\n")
        assert not trusted(source)
        await pilot.press("r")
        await until(pilot, lambda: bool(app.main.store.reader.comparisons(app.main.session)))
    assert trusted(source)


# Who does not: a store


def foreign(path: Path, file: Path) -> None:
    """Fill a store that came from elsewhere: it names code, and its trainings failed."""
    with Store(path) as store:
        store.requests.ask("theirs", naming(file))
        while row := store.worker.claim("cpu"):
            store.worker.finish(row.id, "failed", error="it broke")


@pytest.mark.parametrize(
    "words",
    [("report", "theirs"), ("sessions",), ("resume", "theirs", "--quiet"), ("export", "theirs", "--to", "json")],
    ids=lambda words: str(words[0]),
)
def test_commands_that_read_a_store_trust_nothing(
    file: Path, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    store = tmp_path / "theirs.db"
    foreign(store, file)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("lossterm.worker_control.supervisor.Supervisor.tend", lambda *_, **__: sys.exit(99))
    result = CliRunner().invoke(cli, [*words, "--store", str(store)])
    assert result.exit_code in ((99,) if words[0] == "resume" else (0, 4)), result.output
    assert not kept.exists()


async def test_a_session_that_is_opened_in_the_app_and_asked_for_again_trusts_nothing(
    file: Path, kept: Path, tmp_path: Path
) -> None:
    path = tmp_path / "theirs.db"
    fill(path, TUTORIAL, trials=12)
    with Store(path) as store:
        store.requests.ask("theirs", msgspec.structs.replace(naming(file), device="auto"))
        number = store.reader.comparisons("theirs")[-1].id
    app = opened(path, session="theirs")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.main.is_current)
        file.write_text(MINE + "# edited\n")
        await pilot.press("r")
        await until(
            pilot, lambda: app.main.store.reader.comparisons("theirs")[-1].id > number or bool(app._notifications)
        )
    assert not kept.exists()


@pytest.mark.parametrize("add", [add_loss, add_network])
def test_a_script_takes_nothing_in_that_only_a_store_named(file: Path, add: Callable[[Script, Any], object]) -> None:
    """Whoever runs the script runs what is in it."""

    class Plan:
        user_loss = object()
        source = f"{file}:mine"
        task = type("Task", (), {"features": 2})
        settings = type("Settings", (), {"model": network_from(f"{file}:net")})

    with pytest.raises(DataError, match="is named by the store, but not by you"):
        add(Script(), Plan())


def test_to_trust_a_comparison_is_to_trust_its_losses_and_its_network(file: Path) -> None:
    trust_all_of(naming(file))
    assert all(map(trusted, both(file)))
