"""Code that a person brings: losses and networks, loaded, looked at before they train, and built."""
