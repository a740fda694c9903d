"""The state of a training as bytes, from which another worker can continue: only arrays, checked before use."""

import io
import struct
import zipfile
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

MOST_BYTES = 64 * 2**20
"""The largest size of a program's variables: writing more would hold up every other training."""

_DAMAGE = (
    *(OSError, EOFError, KeyError, MemoryError, NotImplementedError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error, struct.error),
)
"""What reading a damaged file of arrays raises, besides ValueError."""


def packed(variables: Sequence[np.ndarray], stream: np.random.Generator, kept: dict[int, bytes], made: str) -> bytes:
    """Pack the variables of a program, the stream of its batch orders, and the kept weights by epoch.

    `made` names everything that the bits depend on.
    """
    state = stream.bit_generator.state
    arrays: dict[str, Any] = {
        "made": np.array(made),
        "stream": np.array([*state["state"]["state"], state["has_uint32"], state["uinteger"]], np.uint64),
        "epochs": np.array(list(kept), np.int64),
        "kept": np.frombuffer(b"".join(kept.values()), np.uint8),
        **{f"variable_{place}": value for place, value in enumerate(variables)},
    }
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


class Unpacked:
    """What `packed` returned, parsed."""

    def __init__(self, state: bytes, variables: Sequence[np.ndarray], made: str) -> None:
        """Unpack the state for a program with these variables.

        Raises ValueError unless it is an intact checkpoint of such a program with the same `made`: from any other,
        the training would end with other bits.
        """
        try:
            with np.load(io.BytesIO(state), allow_pickle=False) as file:
                arrays = dict(file)
            if str(arrays["made"]) != made:
                raise ValueError("it was made by another version or processor")
            self.variables = [arrays[f"variable_{place}"] for place in range(len(variables))]
            self._stream, epochs, data = arrays["stream"], arrays["epochs"], arrays["kept"].tobytes()
        except _DAMAGE as error:
            raise ValueError(f"it is damaged ({error})") from error
        if [(array.shape, array.dtype) for array in self.variables] != [
            (array.shape, array.dtype) for array in variables
        ]:
            raise ValueError("it is from another network")
        if self._stream.shape != (6,) or self._stream.dtype != np.uint64:
            raise ValueError("it is from another stream")
        size = len(data) // max(len(epochs), 1)
        self.kept = {int(epoch): data[place * size : (place + 1) * size] for place, epoch in enumerate(epochs)}

    def set_stream(self, stream: np.random.Generator) -> None:
        """Set a stream of `batch_orders.shuffler` to the saved state."""
        *words, has_uint32, uinteger = (int(word) for word in self._stream)
        stream.bit_generator.state = {
            **stream.bit_generator.state,
            "state": {"state": np.array(words, np.uint64)},
            "has_uint32": has_uint32,
            "uinteger": uinteger,
        }
