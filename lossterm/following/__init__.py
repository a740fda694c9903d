"""What is new in a store, as it comes: for the app, for scripts and for screen readers alike."""
