"""What was chosen and what is remembered, without the widgets that show it."""
