"""What was chosen and what is remembered, apart from the widgets that show it."""
