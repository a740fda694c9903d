"""Custom losses and networks: loaded, checked before they train, and built."""
