"""A race in a session: what it trains next, how it goes on wherever it was left, and what is said of it."""

import math

import msgspec
import pytest

from lossterm.comparison.comparison import RATES_TO_TUNE, Arm, Comparison, Status, Trial
from lossterm.comparison.protocol import SplitName
from lossterm.errors import LosstermError, OutOfRange, UnknownName, UsageError
from lossterm.export.rerun_command import command
from lossterm.recordings.recorded_comparison import Given, RecordedComparison
from lossterm.reports.headline import headline
from lossterm.reports.notes import notes
from lossterm.reports.race_course import announced, next_in_race, race_in_short, race_in_words, trainings
from lossterm.reports.report import build, rows_of, tables
from lossterm.reports.verdict import verdict
from lossterm.reports.widening import widened
from tests.builders.reports import as_document, asked_for, built, diverging_at, drawn, raced, rows_for

TWO = ("hinge", "squared_hinge")
THREE = (*TWO, "binary_crossentropy")


def race_of(*losses: str, **settings: object) -> Comparison:
    return Comparison.ask("circles", losses or THREE, until="settled", **{"epochs": 3, **settings})  # type: ignore[arg-type]


def apart(trial: Trial, metric: str, split: str) -> float:
    """Scores of which hinge's are clearly best, each at 0.01."""
    off = 0.1 * abs(math.log10(trial.learning_rate) + 2)
    return 0.9 - off - 0.1 * THREE.index(trial.loss) + 0.003 * math.sin(7 * trial.seed + 3 * THREE.index(trial.loss))


def test_a_race_begins_with_three_seeds_of_every_rate_and_may_have_thirty() -> None:
    asked = race_of()
    assert (asked.seeds, asked.cap, asked.most_seeds, asked.size) == (3, 30, 30, 45)
    assert asked.size_at_most == 450
    assert asked.size_in_words == "up to 450 trials (3 losses × 30 seeds × 5 rates)"
    assert race_of(seeds=12).cap == 12
    assert Comparison.ask("circles").seeds == 10


@pytest.mark.parametrize(
    ("error", "words", "losses", "settings"),
    [
        (
            OutOfRange,
            "number of seeds of a race is 1, but must be from 5 to 10000: its first look is at 5",
            TWO,
            {"seeds": 1},
        ),
        (OutOfRange, "The number of seeds is 0, but must be from 1", TWO, {"seeds": 0}),
        (UsageError, "A race needs two losses or more, and hinge is alone: add another", ("hinge",), {}),
        (UsageError, "A race looks several times, and --final declares a single look", TWO, {"final": True}),
        (UnknownName, "There is no end of a race 'soon'. Known: settled.", TWO, {"until": "soon"}),
    ],
)
def test_a_race_that_could_not_be_run_is_refused(
    error: type[LosstermError], words: str, losses: tuple[str, ...], settings: dict[str, object]
) -> None:
    with pytest.raises(error, match=words):
        Comparison.ask("circles", losses, **{"until": "settled", **settings})  # type: ignore[arg-type]


def test_it_ends_when_all_is_settled_and_says_what_it_saved() -> None:
    *_, last = raced(race_of(), apart)
    assert last.race is not None
    assert last.race.settled
    assert {s.loss: s.verdict for s in last.standings} == {"hinge": "best", **dict.fromkeys(THREE[1:], "worse")}
    counts = trainings(last)
    assert counts.fixed_design == 450
    assert counts.done == last.asked.comparison.size < 100
    words = race_in_words(last)
    assert words[0] == f"Settled with {counts.done} of the 450 trainings that all seeds at every rate would take."
    assert words[0] in notes(last)
    assert race_in_short(last.race) == "race settled"
    assert headline(last).startswith("circles: race of at most 30 seeds × 3 epochs, 5 lr from 0.001 to 0.1")


def test_every_stage_is_announced_and_before_the_first_look_there_is_no_verdict() -> None:
    first, second, *_ = raced(race_of(), apart)
    assert verdict(first) == "The first look is at 5 seeds: no verdict."
    assert {standing.verdict for standing in first.standings} == {None}
    assert first.race is not None
    assert race_in_short(first.race) == "race: look 1 of 4, at 5 seeds, with 3 losses"
    assert announced(first, second.asked.comparison) == (
        "After 3 seeds: 12 learning rates dropped; 3 losses go on to 5 seeds."
    )


def test_words_and_numbers_change_at_looks_only() -> None:
    reports = raced(race_of(), drawn)
    before, after = reports[1], reports[2]
    rows = list(after.rows)
    half = [
        row if row.trial.seed < 5 or row.id % 2 else msgspec.structs.replace(row, status="queued", scores=None)
        for row in rows
    ]
    between = build(after.asked, half)
    assert before.race is not None
    assert before.race.stages[-1].seeds == 5
    shown = [(s.loss, s.verdict, s.mean, s.difference, s.learning_rate) for s in before.standings]
    assert [(s.loss, s.verdict, s.mean, s.difference, s.learning_rate) for s in between.standings] == shown
    assert between.partial


def test_a_loss_that_stopped_keeps_its_row_and_its_word() -> None:
    *_, last = raced(race_of(), drawn)
    assert last.race is not None
    stopped = {loss: stage.seeds for stage in last.race.stages for loss in stage.worse}
    assert stopped
    for standing in last.standings:
        if standing.loss in stopped:
            assert (standing.verdict, standing.done) == ("worse", stopped[standing.loss])
            assert standing.rank == 3
    assert any(line.startswith("Stopped early: ") for line in race_in_words(last))


def test_a_race_widens_its_grid_itself() -> None:
    def rising(trial: Trial, metric: str, split: str) -> float:
        return (
            0.5 + 0.05 * math.log10(min(trial.learning_rate, 0.3)) + 0.002 * math.sin(9 * trial.seed + len(trial.loss))
        )

    reports = raced(race_of(*TWO), rising)
    assert all(widened(report) is None for report in reports)
    assert {0.3, 1.0} <= set(reports[-1].asked.comparison.rates_of("hinge"))
    own = raced(race_of(*TWO, learning_rates=(0.01, 0.1)), rising)
    assert own[-1].asked.comparison.rates_tried == (0.01, 0.1)


def test_nothing_follows_while_trials_have_not_ended_or_if_some_were_stopped() -> None:
    def queued(trial: Trial) -> Status:
        return "queued" if trial.seed == 2 else "done"

    def stopped(trial: Trial) -> Status:
        return "cancelled" if trial.seed == 2 else "done"

    assert next_in_race(built(race_of(), drawn, queued)) is None
    assert next_in_race(built(race_of(), drawn, stopped)) is None
    assert next_in_race(built(Comparison.ask("circles", THREE, epochs=3), drawn)) is None


def test_where_every_seed_diverged_the_race_is_over() -> None:
    (only,) = raced(race_of(), drawn, diverging_at(*RATES_TO_TUNE))
    assert only.race is not None
    assert only.race.over
    assert race_in_words(only) == [
        "Ended since no trial has a score, with 45 of the 450 trainings that all seeds at every rate would take."
    ]


def test_what_ends_with_the_race_did_not_stop_early() -> None:
    for report in raced(race_of(), apart):
        assert report.race is not None
        stopped = {loss for stage in report.race.stages for loss in (*stage.worse, *stage.broken)}
        words = " ".join(race_in_words(report)[1:])
        assert bool(words) == bool(stopped and not report.race.over)
    *_, last = raced(race_of(), drawn)
    assert race_in_words(last)[1:] == ["Stopped early: squared_hinge after 20 seeds."]


def test_a_loss_of_which_all_diverged_stops_while_the_others_race() -> None:
    def diverges(trial: Trial) -> Status:
        return "diverged" if trial.loss == "hinge" else "done"

    *_, last = raced(race_of(), drawn, diverges)
    assert race_in_words(last)[1].startswith("Stopped early: hinge after 3 seeds")
    assert last.asked.comparison.rates_of("hinge") == dict.fromkeys(RATES_TO_TUNE, 3)


def test_under_the_tutorial_protocol_only_losses_race() -> None:
    *_, last = raced(race_of(protocol="tutorial"), apart)
    assert last.race is not None
    assert last.race.settled
    assert last.asked.comparison.rates_tried == (0.01,)
    assert trainings(last).fixed_design == 90


def test_two_losses_that_are_one_function_are_equal() -> None:
    two = ("categorical_crossentropy", "sparse_categorical_crossentropy")

    def alike(trial: Trial, metric: str, split: str) -> float:
        return 0.7 + 0.01 * math.sin(trial.seed) - abs(trial.learning_rate - 0.01)

    *_, last = raced(Comparison.ask("blobs", two, until="settled", epochs=3), alike)
    assert [standing.verdict for standing in last.standings] == ["best", "equal"]
    assert last.race is not None
    assert last.race.settled


def test_a_race_shares_no_table_with_what_trains_every_seed_but_one_with_a_race_that_has_another_end() -> None:
    whole, race, longer = Comparison.ask("circles", THREE, epochs=3), race_of(), race_of(seeds=60)
    assert not whole.comparable(race)
    (fixed, joined) = tables([asked_for(race), asked_for(whole, 2), asked_for(longer, 3)])
    assert fixed.comparison == whole
    assert (joined.comparison.cap, joined.looks) == (60, 2)


def test_an_open_race_is_settled_by_a_race_with_a_later_end() -> None:
    *earlier, last = raced(race_of(), drawn)
    assert last.race is not None
    assert not last.race.settled
    assert all(report.settling is None for report in earlier)
    settling = last.settling
    assert settling is not None
    assert settling.cap == last.seeds_to_settle
    (joined,) = tables([last.asked, asked_for(settling, 2)])
    assert build(joined, rows_of(joined, rows_for(settling, drawn))).levels.worse_so_far > 0.05


def test_a_loss_that_joins_begins_with_three_seeds() -> None:
    *_, last = raced(race_of(*TWO), drawn)
    (joined,) = tables([last.asked, asked_for(race_of("hinge", "binary_crossentropy"), 2)])
    report = build(joined, rows_for(joined.comparison, drawn))
    more = next_in_race(report)
    assert more is not None
    assert max(more.rates_of("binary_crossentropy").values()) == 5


def test_json_tells_of_the_race_and_a_recording_of_it_asks_for_the_same() -> None:
    *_, last = raced(race_of(seeds=20), drawn)
    document = as_document(last)
    assert document["race"]["until"] == "settled"
    assert document["race"]["cap"] == 20
    assert document["race"]["trainings"] == {
        "done": last.asked.comparison.size,
        "fixed_design": trainings(last).fixed_design,
    }
    recorded = msgspec.convert(document, RecordedComparison)
    assert set(recorded.asked(Given()).losses) == set(THREE)
    assert recorded.asked(Given()).cap == 20
    assert "--until settled --seeds 20" in command(last.asked.comparison)


def test_a_comparison_that_an_older_lossterm_stored_is_no_race() -> None:
    stored = msgspec.json.decode(msgspec.json.encode(Comparison.ask("circles", THREE)))
    del stored["until"], stored["cap"]
    assert msgspec.convert(stored, Comparison) == Comparison.ask("circles", THREE)
    assert msgspec.json.decode(msgspec.json.encode(race_of()), type=Comparison) == race_of()


def test_seeds_that_were_stopped_count_no_more_once_the_race_is_asked_for_again() -> None:
    reports = raced(race_of(), drawn)
    stages = [asked_for(report.asked.comparison, number) for number, report in enumerate(reports[:3], 1)]
    stages[2] = msgspec.structs.replace(stages[2], cancelled=2000.0)
    (joined,) = tables([*stages, asked_for(race_of(), 4)])
    assert joined.comparison.seeds == 5
    assert set(joined.comparison.arms) == set(reports[1].asked.comparison.arms)
    assert joined.comparison.extended([Arm(loss="hinge", learning_rate=0.01, seeds=10)]).seeds == 10


def test_no_race_with_an_earlier_end_is_asked_for_to_settle_what_is_open() -> None:
    def quieter(trial: Trial, metric: str, split: SplitName) -> float:
        return 0.7 + 0.5 * (drawn(trial, metric, split) - 0.7)

    def diverges(trial: Trial) -> Status:
        return "diverged" if trial.loss == "hinge" and trial.seed >= 4 else "done"

    *_, last = raced(race_of(), quieter, diverges)
    assert last.seeds_to_settle is not None
    assert last.seeds_of_undecided < last.seeds_to_settle < 30
    assert last.settling is None


def test_of_learning_rates_that_are_equal_by_the_rope_that_was_asked_for_one_is_left() -> None:
    """The drawn scores differ by .1 between rates and seeds."""
    told, usual = (raced(race_of(**settings), drawn)[-1].race for settings in ({"rope": 0.5}, {}))
    assert told is not None
    assert usual is not None
    assert {len(rates) for rates in told.rates.values()} == {1}
    assert told.stages[-1].seeds == 5
    assert usual.stages[2].dropped
