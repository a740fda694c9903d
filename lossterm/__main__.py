"""`python -m lossterm`, the same as the installed `lossterm`."""

from lossterm.cli import main

main()
