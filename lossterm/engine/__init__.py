"""The engine: the only part that imports TensorFlow. No other part imports it; it is started by module name."""
