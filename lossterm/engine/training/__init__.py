"""One training, from the rows of a trial to its scores: inside one compiled program."""
