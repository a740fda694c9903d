"""What is asked for, how it is made fair, and what is doubtful about it."""
