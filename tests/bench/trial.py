"""Time whole warm trials of the two-circles task: what `Result.seconds` counts, and initial weights and metrics too."""

import time

from lossterm.comparison.comparison import Comparison
from lossterm.engine import runtime
from lossterm.engine.training.trainer import Trainer

runtime.configure("auto")
first, *others = Comparison.ask("circles", ["binary_crossentropy"], protocol="tutorial", seeds=16).trials()
trainer = Trainer()
trainer.train(first, 0, lambda _: False)  # compiles
for trial in others:
    start = time.perf_counter()
    trainer.train(trial, 0, lambda _: False)
    print(f"trial {time.perf_counter() - start:.4f} s")
