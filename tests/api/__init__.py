"""Tests of `import lossterm`, most of them with a fake worker in a thread."""
