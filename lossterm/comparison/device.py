"""Where to train: a kind of device, or some of the cards of a machine by number."""

import msgspec

from lossterm.errors import OutOfRange, UnknownName

DEVICES = ("auto", "cpu", "gpu")
"""Kinds of devices: `auto` takes, for each program, what is faster."""

CARDS = "gpu:0,2"
"""How a person names some of the cards; see `device_from`."""

MOST_CARDS, HIGHEST_CARD = 16, 99


class Device(msgspec.Struct, frozen=True):
    """Where to train."""

    kind: str
    """One of DEVICES."""
    cards: tuple[int, ...] = ()
    """Places of cards in the list of those that are visible, ascending; empty for all of them."""

    def __str__(self) -> str:
        return f"{self.kind}:{','.join(map(str, self.cards))}" if self.cards else self.kind


def device_from(text: str) -> Device:
    """Return the device that a text names: one of DEVICES, or `gpu:0,2` for cards by number.

    Raises UnknownName for another word, OutOfRange for numbers that cannot be cards or stand twice.
    """
    kind, colon, listed = text.partition(":")
    if kind not in DEVICES or (colon and kind != "gpu"):
        raise UnknownName("device", text, (*DEVICES, CARDS))
    if not colon:
        return Device(kind)
    parts = listed.split(",")
    if not all(part.isascii() and part.isdecimal() and int(part[:9]) <= HIGHEST_CARD for part in parts):
        raise OutOfRange("The device", repr(text), f"numbers of cards from 0 to {HIGHEST_CARD}, such as {CARDS}")
    cards = tuple(sorted({int(part) for part in parts}))
    if len(cards) < len(parts):
        raise OutOfRange("The device", repr(text), f"each card once, such as gpu:{','.join(map(str, cards))}")
    if len(cards) > MOST_CARDS:
        raise OutOfRange("The device", f"a list of {len(cards)} cards", f"of {MOST_CARDS} at most")
    return Device(kind, cards)


def spelt(text: str) -> str:
    """Return the one spelling of a device: trials and workers find each other by it. Raises as `device_from`."""
    return str(device_from(text))
