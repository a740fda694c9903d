"""The order in which each epoch goes through the rows, drawn from the seed."""

import numpy as np


def shuffler(seed: int) -> np.random.Generator:
    """Return the stream that a trial's batch orders are drawn from."""
    return np.random.Generator(np.random.SFC64([seed, 1]))


def batch_orders(stream: np.random.Generator, rows: int, epochs: int) -> np.ndarray:
    """Draw the order of rows in the next epochs, (epochs, rows), int32; chunks of any size give the same orders."""
    orders = np.empty((epochs, rows), np.int32)
    for epoch in range(epochs):
        orders[epoch] = stream.permutation(rows)
    return orders
