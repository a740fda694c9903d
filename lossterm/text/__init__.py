"""Text as it is shown: made harmless, written in characters that a terminal has, and matched with typed patterns."""
