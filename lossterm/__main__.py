"""`python -m lossterm`, the same as the installed `lossterm`."""

from lossterm.cli.main import main

main()
