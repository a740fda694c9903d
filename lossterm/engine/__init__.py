"""The engine: the only part that imports TensorFlow. Nothing imports it; it is started by module name."""
