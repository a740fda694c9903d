"""Numbers to terminal charts. Importing this alone loads nothing: NumPy comes after the app's first paint."""
