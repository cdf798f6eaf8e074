"""A needle among more distractors than in training: the task is what its source says."""

import pytest
import torch

from diffattn_mini.lab.experiments import beyond


@pytest.mark.parametrize("distractors", [0, 1, 8, 32])
def test_each_text_has_one_needle_its_key_stands_nowhere_else_and_it_is_asked_for(distractors):
    text, answers = beyond.facts(200, distractors, seed=3)
    facts, question = text[:, :-3].unflatten(1, (distractors + 1, 4)), text[:, -3:]
    needle = facts[..., 0] == beyond.NEEDLE
    assert (needle.sum(1) == 1).all() and ((facts[..., 0] == beyond.DISTRACTOR) ^ needle).all()
    assert (facts[..., 3] == beyond.END).all()
    assert (question[:, 0] == beyond.QUERY).all() and (question[:, 2] == beyond.ANSWER).all()
    assert ((facts[..., 1] == question[:, 1:2]) == needle).all()
    assert (facts[..., 2][needle] == beyond.FIRST_VALUE + answers).all()
    assert text.max() < beyond.FIRST_VALUE + beyond.VALUES and answers.max() < beyond.VALUES


def test_the_needle_stands_anywhere_and_seeds_differ():
    text, _ = beyond.facts(500, 3, seed=0)
    places = (text[:, :-3:4] == beyond.NEEDLE).float().mean(0)
    assert ((places > 0.15) & (places < 0.35)).all()
    assert not torch.equal(text, beyond.facts(500, 3, seed=1)[0])
    assert torch.equal(text, beyond.facts(500, 3, seed=0)[0])
