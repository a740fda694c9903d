"""The README's pictures, made from the app itself: `python -m tests.pictures.still` and `tests.pictures.moving`."""
