"""`--to keras`: a standalone script that trains the chosen loss with Keras alone."""

from lossterm.export.script.composition import write_keras

__all__ = ["write_keras"]
