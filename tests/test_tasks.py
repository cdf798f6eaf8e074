"""Text and digits: what the tasks hand out is what they say."""

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.datasets import load_digits

from diffattn_mini.experiments import experiments
from diffattn_mini.experiments.language import TEXT, likeness_of_heads
from diffattn_mini.experiments.recall import Reader, gradient_path
from diffattn_mini.tasks import CharacterText, DelayedRecall, Digits
from diffattn_mini.transformer import Config, MiniGPT


def test_a_stretch_of_text_is_in_its_part_and_followed_by_its_next_characters():
    text = CharacterText("".join(chr(97 + (i * i) % 26) for i in range(500)), share=0.6)
    for part, content in (("train", text.content[:300]), ("test", text.content[300:])):
        inputs, targets = text.batch(50, 20, 0, part)
        for x, y in zip(inputs, targets, strict=True):
            assert text.decode(x)[1:] == text.decode(y)[:-1]
            assert text.decode(x) + text.decode(y)[-1] in content


def test_the_default_text_is_python_s_own_and_long():
    from pydoc_data.topics import topics

    assert len(TEXT.content) == sum(map(len, topics.values())) + len(topics) - 1 > 300_000
    assert TEXT.decode(TEXT.encode(TEXT.content[:1000])) == TEXT.content[:1000]


@pytest.mark.parametrize(("make", "says"), [
    (lambda: CharacterText("abc").encode("abd"), "the text has no 'd'"),
    (lambda: CharacterText("abcdefghij").batch(1, 5, 0, part="test"), "the part has 1 characters; length=5"),
    (lambda: CharacterText("abcdef").batch(1, 2, 0, part="valid"), "part='valid'"),
    (lambda: Digits().batch(1, 0, part="valid"), "part='valid'"),
    (lambda: Digits(canvas=7), "canvas=7"),
])  # fmt: skip
def test_what_cannot_be_is_refused(make, says):
    with pytest.raises(ValueError, match=says):
        make()


@pytest.mark.parametrize("part", ["train", "test"])
def test_each_picture_holds_its_whole_digit_and_pieces_of_others_from_the_same_part(part):
    data = load_digits()
    order = torch.randperm(1797, generator=torch.Generator().manual_seed(0)).numpy()
    chosen = order[:1438] if part == "train" else order[1438:]
    digits, labels = data.images[chosen] / 16, data.target[chosen]
    pictures, answers = Digits(n_pieces=2).batch(12, 3, part)
    for picture, answer in zip(pictures[:, 0].double().numpy(), answers.tolist(), strict=True):
        windows = np.lib.stride_tricks.sliding_window_view(picture, (8, 8)).reshape(-1, 1, 64)
        equal = np.isclose(windows, digits.reshape(1, -1, 64), atol=1e-6).all(-1)  # (windows, digits)
        assert answer in labels[equal.any(0)]


def test_digits_are_drawn_evenly_and_the_same_for_the_same_seed():
    pictures, answers = Digits().batch(600, 0)
    assert stats.chisquare(np.bincount(answers.numpy(), minlength=10)).pvalue > 1e-4
    assert all(torch.equal(a, b) for a, b in zip((pictures, answers), Digits().batch(600, 0), strict=True))
    assert not torch.equal(pictures, Digits().batch(600, 1)[0])


def test_heads_that_look_alike_have_likeness_one():
    torch.manual_seed(0)
    model = MiniGPT(Config(TEXT.vocabulary, 32, 4, n_layers=1))
    tokens, _ = TEXT.batch(4, 16, 0)
    assert 0 < likeness_of_heads(model, tokens)[0] < 1
    attention = model.blocks[0].attention
    with torch.no_grad():
        for projection in (attention.q_proj, attention.k_proj):
            rows = projection.weight.unflatten(0, (4, 8))
            rows[:] = rows[:1].clone()
    assert likeness_of_heads(model, tokens)[0] == pytest.approx(1, abs=1e-5)


def test_the_gradient_s_path_of_a_linear_recurrence_is_a_power():
    """A state that shrinks by 0.9 a step sends back 0.9^T of the gradient."""
    task = DelayedRecall(delay=9)
    model = Reader(task, "rnn", dim=8)
    body = model.body
    with torch.no_grad():
        for p in body.parameters():
            p.zero_()
        body.weight_hh_l0.copy_(0.9 * torch.eye(8))
        body.weight_ih_l0.copy_(1e-4 * torch.eye(8))  # so small that `tanh` is a line
    assert gradient_path(model, task) == pytest.approx(0.9**10, rel=1e-3)


def test_every_experiment_says_what_it_is_in_both_languages():
    found = experiments()
    assert len(found) >= 6
    for experiment in found.values():
        assert len(experiment.seeds) >= 5 and all(len(experiment.describe[lang]) > 30 for lang in ("ro", "en"))
        if {"diff", "diff2"} & set(experiment.arms):
            assert "normed" in experiment.arms  # the control beside it
