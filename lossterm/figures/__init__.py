"""What a view shows, below the terminal app and the exports alike."""
