"""Writing on: the same with a cache as without, and no choice that leaves nothing, at whatever extreme."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from diffattn_mini import Config, EncoderDecoder, MiniGPT, Seq2Seq, generate, translate
from diffattn_mini.attention.family import KINDS
from diffattn_mini.models.generation import filtered


def gpt(**options):
    torch.manual_seed(0)
    return MiniGPT(Config(**{"vocabulary": 13, "dim": 32, "n_heads": 4} | options))


def text(B=2, T=9):
    return torch.randint(13, (B, T), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("kind", KINDS)
def test_writing_with_a_cache_writes_the_same(kind):
    model = gpt(attention=kind)
    written = [generate(model, text(), 12, temperature=0.7, top_k=9, generator=torch.Generator().manual_seed(3),
                        cache=cache) for cache in (True, False)]  # fmt: skip
    assert torch.equal(*written) and torch.equal(written[0][:, :9], text())


def test_temperature_top_k_and_top_p_by_hand():
    scores = torch.tensor([0.5, 0.2, 0.2, 0.1]).log()
    torch.testing.assert_close(filtered(scores), torch.tensor([0.5, 0.2, 0.2, 0.1]))
    squares = torch.tensor([0.25, 0.04, 0.04, 0.01])
    torch.testing.assert_close(filtered(scores, temperature=0.5), squares / squares.sum())
    torch.testing.assert_close(filtered(scores, top_k=1), torch.tensor([1.0, 0, 0, 0]))
    torch.testing.assert_close(filtered(scores, top_p=0.5), torch.tensor([1.0, 0, 0, 0]))
    torch.testing.assert_close(filtered(scores, top_p=0.9), torch.tensor([5 / 9, 2 / 9, 2 / 9, 0]))
    torch.testing.assert_close(filtered(scores, top_p=1.0), torch.tensor([0.5, 0.2, 0.2, 0.1]))
    assert filtered(scores, top_k=3, top_p=0.6).gt(0).sum() == 2  # 5/9 alone is less than 0.6 of what top-k left


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_at_the_extremes_of_temperature_and_share_the_best_stays_and_nothing_is_nan(dtype):
    scores = torch.tensor([1, -math.inf, 3, 2], dtype=dtype)
    cold, warm = torch.tensor([0, 0, 1, 0], dtype=dtype), torch.tensor([1 / 3, 0, 1 / 3, 1 / 3], dtype=dtype)
    for tiny, huge in ((1e-320, 1e300), (1e-40, math.inf), (np.float32(1e-40), np.float32(1e38))):
        assert torch.equal(filtered(scores, tiny), cold)
        torch.testing.assert_close(filtered(scores, huge), warm)
        for temperature in (tiny, 1, huge):
            assert torch.equal(filtered(scores, temperature, top_p=tiny), cold)
            assert torch.equal(filtered(scores, temperature, top_k=np.int64(1)), cold)
    assert filtered(torch.zeros(70_000, dtype=dtype), top_p=1.0).gt(0).all()  # however its sum is rounded
    assert filtered(torch.zeros(1000, dtype=dtype), top_p=0.5).gt(0).sum() == pytest.approx(500, abs=1)


@pytest.mark.parametrize(("options", "says"), [
    (dict(temperature=0), "temperature=0"), (dict(temperature=math.nan), "temperature=nan"), (dict(top_k=0), "top_k=0"),
    (dict(top_p=0), "top_p=0"), (dict(top_p=1.1), "top_p"), (dict(top_p=math.nan), "top_p=nan"),
    (dict(top_k=2.5), "top_k must be a whole number; it is 2.5"), (dict(scores=torch.zeros(4).long()), "torch.int64"),
    (dict(scores=[1.0]), "it is list"), (dict(scores=torch.zeros(3, 0)), r"shape \(3, 0\)"),
    (dict(scores=torch.tensor([[1.0, 2], [1, math.nan]])), "scores hold NaN"),
    (dict(scores=torch.tensor([1, math.inf])), r"scores hold NaN, \+inf"),
    (dict(scores=torch.full((2, 3), -math.inf)), "nothing but -inf"),
])  # fmt: skip
def test_choices_that_leave_nothing_are_refused(options, says):
    with pytest.raises((ValueError, TypeError), match=says):
        filtered(**dict(scores=torch.zeros(4)) | options)


@pytest.mark.parametrize("cache", [True, False])
def test_nothing_is_written_where_nothing_is_asked_and_what_cannot_be_is_refused(cache):
    model = gpt()
    assert torch.equal(generate(model, text(), np.int64(0), cache=cache), text())
    assert generate(model, text()[:0], 3, cache=cache).shape == (0, 12)
    written = [generate(model, text().to(dtype), 3, top_k=1, cache=cache) for dtype in (torch.int64, torch.uint8)]
    assert torch.equal(*written)
    for n, error, says in ((-1, ValueError, "n=-1; at least 0"), (2.0, TypeError, "n must be a whole number; it is 2")):
        with pytest.raises(error, match=says):
            generate(model, text(), n, cache=cache)
    with pytest.raises(ValueError, match="tokens must lie in"):
        generate(model, text() + 1000, 0, cache=cache)
    nn.init.constant_(model.norm.weight, math.nan)
    with pytest.raises(ValueError, match="NaN"):
        generate(model, text(), 1, cache=cache)


def test_what_writing_creates_goes_where_its_input_is():
    """Another default device stands for a model that is on the other one."""
    model, translator, tokens, lengths = gpt(), Seq2Seq(13, 11, 8), text(), torch.tensor([9, 5])
    expected = generate(model, tokens, 3, top_k=1), translate(translator, tokens, lengths, 0, 1, 3, 2)
    with torch.device("meta"):
        assert torch.equal(generate(model, tokens, 3, top_k=1), expected[0])
        assert translate(translator, tokens, lengths, 0, 1, 3, 2) == expected[1]


@pytest.mark.parametrize("make", [Seq2Seq, lambda *sizes: EncoderDecoder(Config(sizes[1], sizes[2], 1), sizes[0])])
def test_what_cannot_be_translated_is_refused_and_no_sources_give_no_targets(make):
    torch.manual_seed(0)
    model, source = make(11, 7, 8), text() % 11
    expected = translate(model, source, None, 0, 1, limit=3, width=2)
    assert translate(model, source, None, *map(np.int64, (0, 1, 3, 2))) == expected
    assert translate(model, source.int(), None, 0, 1, 3, 2) == expected
    assert translate(model, source[:0], None, 0, 1, limit=3) == []
    for change, error, says in [
        (dict(end=-1), ValueError, "end=-1; at least 0"), (dict(end=7), ValueError, r"end=7; target tokens in 0\.\.6"),
        (dict(start=7), ValueError, "start=7, "), (dict(start=-1), ValueError, "start=-1"),
        (dict(limit=0), ValueError, "limit=0"), (dict(width=0), ValueError, "width=0"),
        (dict(width=1.5), TypeError, "width must be a whole number; it is 1.5"),
        (dict(end=None), TypeError, "end must be a whole number"),
        (dict(source=source + 11), ValueError, "source must lie in 0..10"),
        (dict(source=source[0]), ValueError, r"source has shape \(9,\)"),
        (dict(source=source.tolist()), TypeError, "source must be a tensor"),
    ]:  # fmt: skip
        with pytest.raises(error, match=says):
            translate(**dict(model=model, source=source, lengths=None, start=0, end=1, limit=3) | change)
    nn.init.constant_(model.head.weight, math.nan)
    with pytest.raises(ValueError, match="NaN"):
        translate(model, source, None, 0, 1, 3)
