"""The answer of a command on a task's data: from the last time that it was asked, or from a process of its own."""

import asyncio
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from lossterm.comparison.advice import Advice
from lossterm.comparison.first_look import FirstLook
from lossterm.home import answers
from lossterm.tasks import TASKS, Task
from lossterm.tui.background.lossterm_process import run

Answer = TypeVar("Answer", FirstLook, Advice)


async def answer_on(
    task: Task, command: str, form: type[Answer], *, after: float, before: Sequence[str]
) -> Answer | None:
    """Return what `lossterm COMMAND` finds on a task, None if it fails.

    Where no answer is kept, a process is started `after` so many seconds, with `before` in front of its command. Raises
    OSError, ValueError or MsgspecError as `run` and decoding do.
    """
    question = (command, task.key, *task.words)
    lasting = task.key in TASKS or bool(task.asked)  # what a package adds may be another task tomorrow
    if lasting and (kept := await asyncio.to_thread(answers.kept, question)) is not None:
        try:
            return msgspec.json.decode(kept, type=form)
        except msgspec.MsgspecError:  # spoilt, by a full disk perhaps: it is asked again
            pass
    await asyncio.sleep(after)
    result = await run(command, "--format", "json", *task.words, before=before)
    if result.code != 0:
        return None
    answer = msgspec.json.decode(result.out, type=form)
    if lasting and answer.task == task.key:  # else the file is another one by now
        await asyncio.to_thread(answers.keep, question, result.out)
    return answer
