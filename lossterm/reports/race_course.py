"""A race in a session: what it trains next, and in words how far it is and what it has saved."""

import msgspec

from lossterm.comparison.comparison import Arm, Comparison
from lossterm.reports.report import Report
from lossterm.statistics.race_levels import looks
from lossterm.statistics.racing import Race, Stage
from lossterm.text.numbers import counted, listed


class Trainings(msgspec.Struct, frozen=True, kw_only=True):
    """What a race has saved. Field names are those of the JSON."""

    done: int
    """Trainings that ended by themselves."""
    fixed_design: int
    """Trainings of every loss at each of its rates for as many seeds as the race may have."""


def trainings(report: Report) -> Trainings:
    """Count the trainings of a race, and those that it stands in for."""
    return Trainings(done=sum(row.trained for row in report.rows), fixed_design=report.asked.comparison.size_at_most)


def next_in_race(report: Report) -> Comparison | None:
    """Return the comparison that trains what a race goes on with; None where it is over or was stopped.

    While trials have not ended there is nothing to decide.
    """
    if report.race is None or report.race.over or report.partial:
        return None
    asked = report.asked.comparison
    more = asked.extended(Arm(loss=loss, learning_rate=rate, seeds=seeds) for loss, rate, seeds in report.race.wanted)
    return more if more.size > asked.size else None


def announced(report: Report, comparison: Comparison) -> str:
    """Say what the last stage of a race decided, and what the comparison trains that the report's does not."""
    assert report.race is not None
    last = report.race.stages[-1] if report.race.stages else None
    tried = {(arm.loss, arm.learning_rate) for arm in report.asked.comparison.arms}
    beyond = [arm for arm in comparison.arms if (arm.loss, arm.learning_rate) not in tried]
    if beyond:
        rates = ", ".join(f"{arm.learning_rate:g} for {arm.loss}" for arm in beyond)
        return f"The best learning rate lies at the edge of the grid, so it is widened: {rates}."
    if last is None:  # losses were added to a race that is under way
        return f"{counted(comparison.size - report.asked.comparison.size, 'more trial')} for the race."
    going = counted(len(last.running), "loss goes", "losses go")
    return f"{decided(last)}; {going} on to {report.race.wanted[0][2]} seeds."


def decided(stage: Stage) -> str:
    """Say in a clause what was decided at a stage: `Look at 5 seeds: hinge is worse, 7 rates dropped`."""
    rates = sum(map(len, stage.dropped.values()))
    parts = [
        *([f"{listed(stage.worse)} {'is' if len(stage.worse) == 1 else 'are'} worse"] if stage.worse else []),
        *([f"{listed(stage.broken)} without a score"] if stage.broken else []),
        *([f"{counted(rates, 'learning rate')} dropped"] if rates else []),
    ]
    when = "Look at" if stage.look else "After"
    return f"{when} {stage.seeds} seeds: {', '.join(parts) or 'nothing stops'}"


def race_in_words(report: Report) -> list[str]:
    """Say how a race ended or how far it is, what it saved, and what stopped when."""
    race = report.race
    if race is None:
        return []
    counts = trainings(report)
    saved = f"{counts.done:,} of the {counts.fixed_design:,} trainings that all seeds at every rate would take"
    lines = [f"{_state(race)} with {saved}."]
    before_the_end = race.stages[:-1] if race.over else race.stages
    ends = {stage.seeds: [*stage.worse, *stage.broken] for stage in before_the_end if stage.worse or stage.broken}
    if ends:
        each = "; ".join(f"{listed(losses)} after {seeds} seeds" for seeds, losses in ends.items())
        lines.append(f"Stopped early: {each}.")
    return lines


def _state(race: Race) -> str:
    if race.settled:
        return "Settled"
    if race.over and not race.stages[-1].running:
        return "Ended since no trial has a score,"
    if race.over:
        return f"Not settled by the {race.cap} seeds that the race may have,"
    return f"Not settled yet (next: {_coming(race)}),"


def _coming(race: Race) -> str:
    """Say which look comes next: `look 2 of 4, at 10 seeds, with 3 losses`."""
    every, done = looks(race.cap), sum(stage.look for stage in race.stages)
    coming = f"look {done + 1} of {len(every)}, at {every[done]} seeds" if done < len(every) else "more trials"
    return f"{coming}, with {counted(len(race.stages[-1].running), 'loss', 'losses')}" if race.stages else coming


def race_in_short(race: Race) -> str:
    """Say in a few words how far a race is: `race: look 2 of 4, at 10 seeds, with 3 losses`."""
    if race.over:
        return "race settled" if race.settled else "race over, not settled"
    return f"race: {_coming(race)}"
