"""A store in which everything that somebody may have named is named by an evil text."""

from pathlib import Path

from lossterm.comparison.comparison import Comparison
from lossterm.data import Data, FileRequest
from lossterm.engine.fakes.fake_engine import FakeTrainer
from lossterm.store import Store

from .evil import EVIL

SESSION = "evil"


def naming(text: str, place: Path) -> Comparison:
    """Return a comparison in which all that somebody may have named is named so."""
    file = place / f"{text}.py"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("def mine(y, f):\n    return y - f\n", encoding="utf-8")
    data = Data(
        asked=FileRequest(path=f"/data/{text}.csv", target=text, drop=(text,), group=text),
        digest="0123456789abcdef",
        kind="binary",
        rows=600,
        features=2,
        classes=(text, f"not {text}"),
        lowest=0.0,
        zeros=True,
        imbalance=1.0,
    )
    return Comparison.ask(data, ("hinge",), own=[f"{file}:mine"], learning_rates=[0.01], epochs=3, seeds=2)


def fill(path: Path) -> None:
    """Fill a store with a comparison for each evil text, in one session, and a session of each evil name."""
    engine = FakeTrainer()
    with Store(path) as store:
        for place, text in enumerate(EVIL.values()):
            store.worker.report_worker("auto", 1, "ready", text, {"cpu": text, text: "a version"})
            store.requests.ask(SESSION, naming(text, path.parent / f"code {place}"))
            for number in range(3):
                row = store.worker.claim("auto")
                assert row is not None
                result = engine.train(row.trial, row.id, store.worker.record)
                if number == 2:
                    store.worker.finish(row.id, "failed", error=text)
                    continue
                note = f"{text} trains step by step."
                store.worker.finish(row.id, "done", seconds=1.0, scores=result.scores, chunk=result.chunk, note=note)
            store.requests.cancel([asked.id for asked in store.reader.comparisons(SESSION)])
        for text in EVIL.values():  # past the store's own look at names, as somebody's store may be
            store._connection.execute("INSERT INTO sessions (name, created) VALUES (?, 1.0)", (text,))
