"""Every record is whole, and true of the loss that it describes."""

import math

import numpy as np
import pytest
from msgspec.structs import asdict

from lossterm.comparison.protocol_catalogue import PROTOCOLS
from lossterm.losses import LOSSES, Loss, Targets, usual
from lossterm.losses.loss import QUANTILE
from tests.losses import KINDS, TABLES, encoded, loss_of, over_the_registry, random_rows

MAY_BE_EMPTY = {
    "units_by",
    "beside",
    "elsewhere",
    "false_friends",
    "same_as",
    "parameters",
    "foreign_parameters",
    "settings",
    "aliases",
    "variants",
    "origin",
}


@over_the_registry
def test_record_leaves_no_field_empty(loss: Loss) -> None:
    for name, value in asdict(loss).items():
        if name in MAY_BE_EMPTY and not value:
            continue
        if isinstance(value, str):
            assert value == value.strip() != "", name
        if isinstance(value, tuple):
            assert value, name
            assert all(one.strip() for one in value if isinstance(one, str)), name
    assert loss.references
    assert set(loss.kinds) <= set(KINDS)
    assert (loss.settings, loss.origin) == ((), "")


def test_sentences_are_written_as_the_tables_print_them() -> None:
    for loss in LOSSES.values():
        for text in (loss.title, loss.estimates, loss.large_errors, loss.use_when, loss.avoid_when, loss.valid):
            assert not text.endswith(".")
            assert "\n" not in text


@over_the_registry
def test_encoding_suits_reading_and_kind(loss: Loss) -> None:
    encodings = {
        "value": {"value"},
        "logit": {"zero_one"},
        "margin": {"plus_minus_one"},
        "logits": {"one_hot", "index"},
        "scores": {"one_hot", "index"},
    }
    readings = {"regression": {"value"}, "binary": {"logit", "margin"}, "multiclass": {"logits", "scores"}}
    assert loss.encoding in encodings[loss.reading]
    assert all(loss.reading in readings[kind] for kind in loss.kinds)
    assert loss.probabilistic == (loss.reading in {"logit", "logits"})
    assert loss.by_class == (loss.kinds == ("multiclass",))
    assert loss.activation in (("linear", "tanh") if loss.reading == "margin" else ("linear",))


def test_scale_link_and_units_are_a_numeric_targets_alone() -> None:
    for loss in LOSSES.values():
        if loss.reading != "value":
            assert (loss.scale, loss.link, loss.units) == ("standard", "identity", 1)
        assert not loss.counted or loss.reading != "value"
        assert loss.link == "identity" or loss.scale in {"raw", "mean"}  # exp gives nothing below 0, as these leave it
        assert loss.scale in {"standard", "mean"} or loss.lowest == 0


def test_the_range_in_words_is_the_range_that_is_enforced() -> None:
    anything, zero = -math.inf, 0
    shares = {"share_crossentropy"}
    assert {key for key, loss in LOSSES.items() if loss.highest < math.inf} == shares
    ranges = {(anything, True): "any y", (zero, True): "y ≥ 0", (zero, False): "y > 0", (anything, False): "y ≠ 0"}
    for loss in LOSSES.values():
        if loss.key in shares:
            assert (loss.valid, loss.lowest, loss.highest) == ("0≤y≤1", 0, 1)
        elif loss.reading == "value":
            assert loss.valid == ranges[loss.lowest, loss.zeros]
        elif loss.key in TABLES:
            assert loss.valid == ("two classes" if loss.kinds == ("binary",) else "three or more classes")


@pytest.mark.parametrize("loss", [loss for loss in LOSSES.values() if loss.same_as], ids=lambda loss: loss.key)
def test_same_as_names_another_loss_that_gives_the_same_numbers(loss: Loss) -> None:
    assert loss.same_as is not None
    other = LOSSES[loss.same_as]
    assert other.key != loss.key
    assert (other.kinds, other.proper, other.same_as) == (loss.kinds, loss.proper, None)
    classes = np.random.default_rng(3).integers(0, 4, 60)
    _, f = random_rows(loss)
    mine, theirs = (loss_of(one, encoded(one, classes, 4), f) for one in (loss, other))
    np.testing.assert_allclose(mine, theirs, rtol=1e-12)


def test_variants_are_of_known_protocols_one_each_and_say_what_is_wrong() -> None:
    for loss in LOSSES.values():
        protocols = [variant.protocol for variant in loss.variants]
        assert len(set(protocols)) == len(protocols)
        assert set(protocols) <= set(PROTOCOLS)
        assert all(variant.note.strip() and not variant.note.endswith(".") for variant in loss.variants)


def test_a_protocol_changes_what_its_variant_names_and_nothing_else() -> None:
    for loss in LOSSES.values():
        for protocol in PROTOCOLS:
            there, variant = loss.under(protocol), loss.variant(protocol)
            changed = {name for name, value in asdict(loss).items() if getattr(there, name) != value}
            names = ("activation", "function", "link", "lowest", "elsewhere")
            named = {name: getattr(variant, name) for name in names if getattr(variant, name, None) is not None}
            assert changed == set(named)
            assert all(getattr(there, name) == value for name, value in named.items())


def test_the_tutorials_own_heads_are_its_alone() -> None:
    assert {key for key, loss in LOSSES.items() if loss.variant("tutorial")} == {"msle", "hinge", "squared_hinge"}
    for key in ("hinge", "squared_hinge"):
        assert LOSSES[key].under("tutorial").activation == "tanh"
        assert LOSSES[key].under("fair").activation == LOSSES[key].activation == "linear"
    assert (LOSSES["msle"].link, LOSSES["msle"].under("tutorial").link) == ("log", "identity")


def test_a_bound_loss_keeps_its_parameters_under_a_protocol() -> None:
    bound = LOSSES["huber"].bound({"delta": 0.5})
    assert bound.under("tutorial").values == bound.values == {"delta": 0.5}
    assert LOSSES["huber"].values == {"delta": 1}


def test_keys_titles_and_aliases_are_unique_and_typed_as_they_stand() -> None:
    assert [loss.key for loss in LOSSES.values()] == list(LOSSES)
    assert len({loss.title for loss in LOSSES.values()}) == len(LOSSES)
    aliases = [alias for loss in LOSSES.values() for alias in loss.aliases]
    assert len(set(aliases)) == len(aliases)
    assert not set(aliases) & set(LOSSES)
    assert all(name.isidentifier() and name == name.lower() for name in (*LOSSES, *aliases))


def test_parameters_have_a_meaning_and_a_default_in_their_range() -> None:
    for loss in LOSSES.values():
        names = [parameter.name for parameter in loss.parameters]
        assert len(set(names)) == len(names)
        for parameter in loss.parameters:
            assert parameter.name.isidentifier()
            assert parameter.meaning.strip()
            assert parameter.low < parameter.high
            assert parameter.default is None or parameter.allows(parameter.default)
            assert parameter.default is not None or "by default" in parameter.meaning


def test_only_a_quantiles_loss_has_a_level() -> None:
    for loss in LOSSES.values():
        assert loss.level == (0.9 if loss.estimates == QUANTILE else None)


def test_level_is_the_quantile_that_was_asked_for() -> None:
    assert LOSSES["pinball"].bound({"tau": 0.25}).level == 0.25
    assert LOSSES["expectile"].bound({"tau": 0.25}).level is None


def test_a_loss_from_a_package_says_so_and_is_not_usual() -> None:
    outside = LOSSES["mse"].from_outside("package 1.0")
    assert (outside.origin, outside.usual, outside.key) == ("package 1.0", False, "mse")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_several_usual_losses_but_fewer_than_make_a_crowd(kind: str) -> None:
    targets = {"regression": Targets(kind="regression"), "binary": Targets(kind="binary")}
    offered = usual(targets.get(kind, Targets(kind="multiclass")))
    assert 3 <= len(offered) <= 8
    assert not any(loss.same_as for loss in offered)
