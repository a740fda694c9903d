"""The figures that the terminal app and the exports share."""
