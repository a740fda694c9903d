"""The request with all that the warnings about a table advise."""

from collections.abc import Mapping, Sequence

import msgspec

from lossterm.data.features import Features
from lossterm.data.leak import Leak
from lossterm.data.request import FileRequest, missing_in


def advised_request(
    features: Features, of_targets: Mapping[str, Sequence[str]], leaks: Sequence[Leak], asked: FileRequest
) -> FileRequest:
    """Return the request with leaks and ids left out, and with what may stand for a missing value read so.

    `of_targets` maps each target to what in it may. Nothing is left out where no feature would be left.
    """
    leaking = dict.fromkeys(name for leak in leaks for name in leak.columns)
    out = next((some for some in ([*leaking, *features.ids], [*leaking]) if features.codes.keys() - {*some}), [])
    codes = {**of_targets, **{name: codes for name, codes in features.codes.items() if name not in out}}
    missing = (missing_in(name, code) for name, written in codes.items() for code in written)
    return msgspec.structs.replace(
        asked,
        drop=tuple(dict.fromkeys((*asked.drop, *out))),
        categorical=tuple(name for name in asked.categorical if name not in out),
        missing=tuple(dict.fromkeys((*asked.missing, *missing))),
    )
