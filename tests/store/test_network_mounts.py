"""The kernel's table of mounts, with whatever names people give to directories."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossterm.store import network_mounts
from lossterm.store.network_mounts import network_kind

NETWORK = ("nfs", "nfs4", "cifs", "smb3", "9p", "lustre", "ceph", "glusterfs", "fuse.sshfs", "vboxsf")
LOCAL = ("ext4", "xfs", "btrfs", "tmpfs", "overlay", "fuse.ntfs-3g", "zfs", "nfsd")

names = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="/\0"), min_size=1, max_size=12).filter(
    lambda name: name not in (".", "..")
)
places = st.lists(names, max_size=4).map(lambda parts: Path("/", *parts))
kinds = st.sampled_from(NETWORK + LOCAL)


def escaped(place: Path) -> str:
    """Write a path as Linux does in its table."""
    return "".join(f"\\{ord(sign):03o}" if sign in " \t\n\\" else sign for sign in str(place))


def table(mounted: list[tuple[Path, str]]) -> str:
    return "".join(f"device {escaped(place)} {kind} rw,relatime 0 0\n" for place, kind in mounted)


@given(st.lists(st.tuples(places, kinds), max_size=6), places)
def test_the_innermost_mount_decides_and_of_two_the_later(mounted: list[tuple[Path, str]], place: Path) -> None:
    above = [
        (len(mount.parts), number, kind) for number, (mount, kind) in enumerate(mounted) if place.is_relative_to(mount)
    ]
    kind = max(above)[2] if above else ""
    assert network_kind(table(mounted), place) == (kind if kind in NETWORK else None)


@given(st.text(), places)
def test_no_text_at_all_breaks_it(text: str, place: Path) -> None:
    assert (network_kind(text, place) or "") in text


@pytest.mark.parametrize(
    "name",
    ["with blank", "tab\there", "line\nfeed", "back\\slash", "\\040", "ünïcode", "carriage\rreturn", "\x85", "#"],
)
def test_odd_names_are_found(name: str) -> None:
    place = Path("/mnt", name)
    text = table([(Path("/"), "ext4"), (place, "nfs4")])
    assert network_kind(text, place / "lossterm.db") == "nfs4"
    assert network_kind(text, Path("/mnt/other/lossterm.db")) is None


def test_a_name_that_only_begins_alike_is_another() -> None:
    text = table([(Path("/"), "ext4"), (Path("/home"), "nfs")])
    assert network_kind(text, Path("/homes/me")) is None
    assert network_kind(text, Path("/home")) == "nfs"


def test_a_local_directory_below_a_network_mount_is_local() -> None:
    text = table([(Path("/"), "nfs"), (Path("/tmp"), "tmpfs")])
    assert network_kind(text, Path("/tmp/x")) is None
    assert network_kind(text, Path("/var/x")) == "nfs"


def test_a_system_without_such_a_table_tells_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network_mounts, "TABLE", tmp_path / "missing")
    assert network_mounts.table() == ""
    (tmp_path / "odd").write_bytes(b"device /mnt/\xff nfs rw 0 0\n")
    monkeypatch.setattr(network_mounts, "TABLE", tmp_path / "odd")
    assert network_kind(network_mounts.table(), Path("/mnt/\udcff/store")) == "nfs"
