"""Time one training of the two-circles task in JAX: epochs and steps as nested `lax.scan` under one `jit`.

Needs `pip install jax scikit-learn`, in an environment of its own.
"""

import time
from typing import Any

import jax  # type: ignore[import-not-found]  # in an environment of its own
import jax.numpy as jnp  # type: ignore[import-not-found]
import numpy as np
from sklearn.datasets import make_circles

X, y = make_circles(n_samples=1000, noise=0.1, random_state=1)
X, y = jnp.array(X, jnp.float32), jnp.array(y, jnp.float32)
train_x, train_y, test_x, test_y = X[:500], y[:500], X[500:], y[500:]
weights = jnp.array(np.r_[np.ones(500), np.zeros(12)].reshape(16, 32), jnp.float32)
everything = jnp.ones(500)


def initialise(key: Any) -> list[Any]:
    first, second = jax.random.split(key)
    return [
        jax.random.uniform(first, (2, 50), minval=-(3**0.5), maxval=3**0.5),
        jnp.zeros(50),
        jax.random.uniform(second, (50, 1), minval=-((6 / 51) ** 0.5), maxval=(6 / 51) ** 0.5),
        jnp.zeros(1),
    ]


def logits(p: list[Any], x: Any) -> Any:
    return (jax.nn.relu(x @ p[0] + p[1]) @ p[2] + p[3])[:, 0]


def loss(p: list[Any], x: Any, y: Any, w: Any) -> Any:
    z = logits(p, x)
    per_row = jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z)))
    return (per_row * w).sum() / w.sum()


def train(key: Any) -> Any:
    params = initialise(key)

    def epoch(carry: Any, key: Any) -> Any:
        order = jnp.concatenate([jax.random.permutation(key, 500), jnp.zeros(12, jnp.int32)])

        def step(carry: Any, batch: Any) -> Any:
            params, velocity = carry
            rows, w = batch
            grads = jax.grad(loss)(params, train_x[rows], train_y[rows], w)
            velocity = [0.9 * v - 0.01 * g for v, g in zip(velocity, grads, strict=True)]
            return ([p + v for p, v in zip(params, velocity, strict=True)], velocity), None

        carry, _ = jax.lax.scan(step, carry, (order.reshape(16, 32), weights))
        p = carry[0]
        accuracy = ((logits(p, test_x) > 0) == (test_y > 0.5)).mean()
        return carry, (loss(p, train_x, train_y, everything), loss(p, test_x, test_y, everything), accuracy)

    start = (params, [jnp.zeros_like(p) for p in params])
    return jax.lax.scan(epoch, start, jax.random.split(key, 200))[1]


compiled = jax.jit(train)
for seed in range(5):
    start = time.perf_counter()
    train_loss, test_loss, accuracy = jax.block_until_ready(compiled(jax.random.PRNGKey(seed)))
    label = "first" if seed == 0 else "warm"
    print(f"jax {label} {time.perf_counter() - start:.4f} s  test {test_loss[-1]:.4f}  accuracy {accuracy[-1]:.3f}")
