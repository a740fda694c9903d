"""The screens, what stands where on them, and their keys."""
