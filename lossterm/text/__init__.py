"""Text as it is shown: made harmless, in signs that a terminal has, and matched with what a person types."""
