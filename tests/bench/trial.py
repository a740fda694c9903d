"""Time whole warm trials of the two-circles task: what `Result.seconds` counts, and initial weights and metrics too.

They are trained in stacks, as a worker trains them; each has its part of the time that its stack took.
"""

import time

from lossterm.comparison.comparison import Comparison
from lossterm.engine import runtime
from lossterm.engine.contract import Job
from lossterm.engine.training.trainer import Trainer

runtime.configure("auto")
first, *others = Comparison.ask("circles", ["binary_crossentropy"], protocol="tutorial", seeds=31).trials()
trainer = Trainer()
trainer.train(first, 0, lambda _: False)  # compiles
width = trainer.width(first)
for start in range(0, len(others), width):
    stack = others[start : start + width]
    began = time.perf_counter()
    trainer.train_together([Job(trial=trial, number=0, report=lambda _: False, end=lambda _: None) for trial in stack])
    seconds = time.perf_counter() - began
    for _ in stack:
        print(f"trial {seconds / len(stack):.4f} s")
