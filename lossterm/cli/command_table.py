"""Every command by name, each loaded when it is used, so that none waits for what another needs."""

from collections.abc import Iterator, Mapping
from functools import cache

import click

HELP = ["-h", "--help"]
"""What asks for help of a command, whether it is called through its group or by itself."""

SHORT_HELP = {
    "advise": "Look at data and say which losses to try beside the reference, with the reason and the number.",
    "backup": "Copy the store to FILE, which must not be there yet.",
    "bench": "Train circles with binary cross-entropy by Model.fit and by this engine, and print the ratio.",
    "check": "Run a recorded comparison again and compare it, loss by loss.",
    "cluster": "Look at a Ray cluster: its nodes, their lanes, versions and load, and what to do about each problem.",
    "data": "Look at a table of your own before training on it: its columns, its target, and what to mend.",
    "doctor": "Look at versions, devices, store, worker, configuration and terminal, and say what to do about each "
    "problem.",
    "explain": "Say what a loss is, what it estimates, when to use it and when not, and draw it with its slope.",
    "export": "Write a stored session for another tool: every trial once, or a report.",
    "init": "Write a project file: what is given is set in it, all else stands there with what it is.",
    "look": "Look at a task's data before training: target or classes drawn, outliers, leaks, the constant prediction.",
    "losses": "List the losses by kind of task, with what each estimates and its parameters; ● marks the usual ones.",
    "metrics": "List the metrics that every model is scored on.",
    "probe": "Check a loss of your own as it is checked before training: shapes, values, gradient, batch, compiling.",
    "report": "Print a stored session as a table, without training.",
    "reproduce": "Train what was published and print both side by side.",
    "restore": "Put FILE, which `lossterm backup` wrote, in the place of the store.",
    "resume": "Train what was stopped, failed or interrupted in a session, and print its tables.",
    "run": "Train each loss with each seed and print the table of losses.",
    "sessions": "List the sessions in the store, newest first.",
    "stress": "Find out until how much noise a loss is the one to take: the same comparison on worse and worse data.",
    "tasks": "List what can be trained on.",
}
"""Name → the first sentence of the command's own help, for a list of them that loads none."""


class CommandTable(Mapping[str, click.Command]):
    """The commands by name, as click's group looks them up."""

    def __getitem__(self, name: str) -> click.Command:
        """Load a command."""
        return _loaded(name)

    def __iter__(self) -> Iterator[str]:
        return iter(SHORT_HELP)

    def __len__(self) -> int:
        return len(SHORT_HELP)


@cache
def _loaded(name: str) -> click.Command:
    command = _import(name)
    command.context_settings["help_option_names"] = HELP
    return command


def _import(name: str) -> click.Command:  # noqa: PLR0911, PLR0912  a case for each command keeps their types
    match name:
        case "advise":
            from lossterm.cli.commands.advise import advise

            return advise
        case "backup":
            from lossterm.cli.commands.backup import backup

            return backup
        case "bench":
            from lossterm.cli.commands.bench import bench

            return bench
        case "check":
            from lossterm.cli.commands.check import check

            return check
        case "cluster":
            from lossterm.cli.commands.cluster import cluster

            return cluster
        case "data":
            from lossterm.cli.commands.data import data

            return data
        case "doctor":
            from lossterm.cli.commands.doctor import doctor

            return doctor
        case "explain":
            from lossterm.cli.commands.explain import explain

            return explain
        case "export":
            from lossterm.cli.commands.export import export

            return export
        case "init":
            from lossterm.cli.commands.init import init

            return init
        case "look":
            from lossterm.cli.commands.look import look

            return look
        case "losses":
            from lossterm.cli.commands.losses import losses

            return losses
        case "metrics":
            from lossterm.cli.commands.metrics import metrics

            return metrics
        case "probe":
            from lossterm.cli.commands.probe import probe

            return probe
        case "report":
            from lossterm.cli.commands.report import report

            return report
        case "reproduce":
            from lossterm.cli.commands.reproduce import reproduce

            return reproduce
        case "restore":
            from lossterm.cli.commands.restore import restore

            return restore
        case "resume":
            from lossterm.cli.commands.resume import resume

            return resume
        case "run":
            from lossterm.cli.commands.run import run

            return run
        case "sessions":
            from lossterm.cli.commands.sessions import sessions

            return sessions
        case "stress":
            from lossterm.cli.commands.stress import stress

            return stress
        case "tasks":
            from lossterm.cli.commands.tasks import tasks

            return tasks
    raise KeyError(name)
