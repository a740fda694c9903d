"""Parameters as other libraries call them: those that work, and those for which it is said what to write instead."""

import pytest

from lossterm.errors import LosstermError, UsageError
from lossterm.losses import LOSSES, loss_named
from lossterm.losses.foreign_parameter import ANY_LOSS


def refused(written: str) -> str:
    with pytest.raises(UsageError) as raised:
        loss_named(written)
    return str(raised.value)


WORKS = {
    "quantile:q=0.3": "pinball:tau=0.3",
    "pinball:alpha=0.2": "pinball:tau=0.2",
    "expectile:alpha=0.2": "expectile:tau=0.2",
    "svr:eps=0.3": "epsilon_insensitive:epsilon=0.3",
    "tweedie:p=1.2": "tweedie:power=1.2",
    "barron:scale=2,alpha=0": "barron:alpha=0,c=2",
    "weighted_bce:pos_weight=3": "weighted_binary_crossentropy:weight=3",
    "label_smoothing:label_smoothing=0.2": "smoothed_crossentropy:epsilon=0.2",
    "smoothed_binary_crossentropy:label_smoothing=0.1": "smoothed_binary_crossentropy",
}


def test_a_parameter_that_means_the_same_elsewhere_works_by_its_name_there() -> None:
    assert {written: loss_named(written).key for written in WORKS} == WORKS


def test_every_other_name_of_a_parameter_is_its_alone() -> None:
    for loss in LOSSES.values():
        foreign = [name for one in loss.foreign_parameters for name in one.names]
        names = [name for one in loss.parameters for name in (one.name, *one.aliases)] + foreign
        assert len(set(names)) == len(names), loss.key
        for parameter in loss.parameters:
            for alias in parameter.aliases:
                value = parameter.default if parameter.default is not None else 2
                assert loss_named(f"{loss.key}:{alias}={value}") == loss_named(f"{loss.key}:{parameter.name}={value}")


def test_a_parameter_given_by_two_of_its_names_is_given_twice() -> None:
    assert refused("pinball:q=0.3,tau=0.4") == "tau of pinball is given twice."


SENTENCES = {
    "smooth_l1:beta=0.5": "There is no parameter of huber 'beta'. Write huber:delta=0.5: "
    "torch.nn.SmoothL1Loss(beta=0.5) is that divided by 0.5, so divide a learning rate that suits it "
    "by 0.5 as well. Known: delta.",
    "huber:beta=x": "Write huber:delta=…: ",
    "huber:epsilon=1.35": "Write huber:delta=1.35: scikit-learn's epsilon counts in scales of the residuals",
    "charbonnier:eps=0.1": "Write pseudo_huber:delta=0.1: √(e² + ε²) is that divided by ε = 0.1, plus ε.",
    "focal:alpha=0.25": "Keras's alpha multiplies the whole loss, by 0.25 unless given",
    "binary_focal:alpha=0.25": "classes weigh alike here, unless --class-weight balanced is given. Known: gamma.",
    "poisson:log_input=True": "poisson has no parameters, so 'log_input' cannot be set. The output here is always the ",
    "nll:full=True": "The term that full=True adds is constant, so it changes nothing.",
    "hinge:margin=2": "The margin is 1 here: ",
    "crammer_singer:margin=2": "The margin is 1 here: ",
    "mse:reduction=sum": "mse has no parameters, so 'reduction' cannot be set. A loss here is one number a row, and ",
    "gce:reduction=none": "There is no parameter of gce 'reduction'. A loss here is one number a row, and training "
    "takes the mean over the rows of a batch. Known: q.",
    "bce:from_logits=True": "A loss of classes here always takes logits, as from_logits=True says.",
    "cce:weight=2": "Rows weigh alike, unless a task with classes is run with --class-weight balanced.",
    "cce:label_smoothing=0.1": "cannot be set. Another loss has it: smoothed_crossentropy:epsilon=0.1.",
    "bce:label_smoothing=0.1": "Another loss has it: smoothed_binary_crossentropy:epsilon=0.1.",
    "bce:pos_weight=3": "Another loss has it: weighted_binary_crossentropy:weight=3.",
    "cce:gamma=2": "Another loss has it: focal:gamma=2.",
    "barron:alpa=1": "There is no parameter of barron 'alpa'. Did you mean alpha? Known: alpha, c.",
    "huber:delt=1": "There is no parameter of huber 'delt'. Did you mean delta?",
    "huber:gamma=1": "There is no parameter of huber 'gamma'. Known: delta.",
}


def test_a_parameter_that_a_loss_has_elsewhere_only_gets_a_sentence_that_says_what_to_write() -> None:
    for written, sentence in SENTENCES.items():
        assert sentence in refused(written), written


def test_what_is_written_instead_is_a_loss_and_every_sentence_names_all_parameters_that_there_are() -> None:
    for loss in LOSSES.values():
        for one in (*loss.foreign_parameters, *ANY_LOSS):
            if one.write:
                loss_named(one.write.format(value="0.5"))
            for name in one.names:
                if loss.parameter_named(name) is None:
                    message = refused(f"{loss.key}:{name}=0.5")
                    assert name in message
                    assert message.endswith(".")
                    assert all(parameter.name in message for parameter in loss.parameters), message


def test_a_value_that_is_no_number_is_not_repeated() -> None:
    with pytest.raises(LosstermError) as raised:
        loss_named("huber:beta=\x1b[2J")
    assert "\x1b" not in str(raised.value)
