"""The measures against their formulas, other libraries and cases whose answer is known."""

import copy
import itertools
import math
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import cosine
from torch import nn

from diffattn_mini import Config, MiniGPT, MultiHeadAttention
from diffattn_mini.attention.family import KINDS
from diffattn_mini.lab.measures import (
    answer_share,
    coarse_scores,
    entropy,
    gradient_norms,
    head_cka,
    head_likeness,
    hessian_eigenvalues,
    largest_score,
    linear_cka,
    noise_share,
    quantise,
    recorded_sizes,
)

seeds = st.integers(0, 10**6)


def draw(seed, *shape):
    return torch.tensor(np.random.default_rng(seed).normal(size=shape))


@given(seeds)
def test_shares_are_sums_of_sizes(seed):
    weights, answer = draw(seed, 3, 5), torch.tensor([0, 4, 2])
    noise = torch.ones(3, 5, dtype=torch.bool)
    noise[torch.arange(3), answer] = False
    shares = answer_share(weights, answer).tolist()
    for row, place, share in zip(weights.tolist(), answer.tolist(), shares, strict=True):
        assert share == pytest.approx(abs(row[place]) / sum(map(abs, row)))
    torch.testing.assert_close(answer_share(weights, answer) + noise_share(weights, noise), torch.ones(3).double())
    signed = weights.sum(-1) - weights[torch.arange(3), answer]
    torch.testing.assert_close(noise_share(weights, noise, signed=True), signed)


@given(seeds)
def test_entropy_is_that_of_scipy(seed):
    weights = draw(seed, 4, 6)
    weights[0, 2] = 0
    np.testing.assert_allclose(entropy(weights), stats.entropy(weights.abs().numpy(), axis=1), atol=1e-12)


def test_entropy_at_its_ends():
    assert entropy(torch.eye(5)[2]).item() == 0
    assert entropy(torch.full((7,), -0.1)).item() == pytest.approx(math.log(7))


def test_likeness_of_heads_is_the_mean_cosine_of_their_pairs():
    maps = draw(0, 2, 3, 4, 4)
    cosines = [1 - cosine(a, b) for text in maps.flatten(2).numpy() for a, b in itertools.permutations(text, 2)]
    assert head_likeness(maps).item() == pytest.approx(np.mean(cosines))


@given(seeds, st.floats(0.1, 10))
def test_cka_does_not_see_rotation_or_scale_and_is_the_ratio_of_centred_kernels(seed, scale):
    x, y = draw(seed, 12, 4), draw(seed + 1, 12, 6)
    turn = torch.linalg.qr(draw(seed + 2, 4, 4)).Q
    torch.testing.assert_close(linear_cka(scale * x @ turn + 3, y), linear_cka(x, y))
    torch.testing.assert_close(linear_cka(x, scale * x @ turn), torch.tensor(1.0).double())
    centre = np.eye(12) - 1 / 12
    K, L = (centre @ (z @ z.T).numpy() @ centre for z in (x, y))
    assert linear_cka(x, y).item() == pytest.approx((K * L).sum() / np.sqrt((K * K).sum() * (L * L).sum()))


def test_the_likeness_of_what_heads_say_is_the_mean_over_their_pairs():
    heads = draw(0, 2, 3, 6, 4)
    said = [np.concatenate(list(heads[:, i].numpy())) for i in range(3)]  # (12, 4) each

    def alike(a, b):
        K, L = ((z - z.mean(0)) @ (z - z.mean(0)).T for z in (a, b))
        return (K * L).sum() / np.sqrt((K * K).sum() * (L * L).sum())

    expected = np.mean([alike(a, b) for a, b in itertools.combinations(said, 2)])
    assert head_cka(heads).item() == pytest.approx(expected) and 0 < expected < 1


@given(seeds, st.integers(2, 9))
def test_few_bits_leave_few_levels_and_errors_of_half_a_step(seed, bits):
    x = draw(seed, 200)
    rounded = quantise(x, bits)
    step = x.abs().max() / (2 ** (bits - 1) - 1)
    assert len(rounded.unique()) <= 2**bits - 1
    assert (rounded - x).abs().max() <= step / 2 * (1 + 1e-9)
    torch.testing.assert_close((rounded / step).round(), rounded / step)
    assert quantise(torch.zeros(3), bits).tolist() == [0, 0, 0]


def test_sizes_are_recorded_while_asked_for_and_not_after():
    model = nn.Sequential(nn.Linear(2, 3, bias=False), nn.ReLU())
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[1.0, 0], [0, -2], [4, 0]]))
    with recorded_sizes(model) as sizes:
        model(torch.tensor([1.0, 1.0]))
        model(torch.tensor([0.5, 0.5]))
    assert sizes == {"0": {"largest": 4.0, "median": 1.0}, "1": {"largest": 4.0, "median": 0.5}}
    model(torch.tensor([100.0, 0.0]))
    assert sizes["0"]["largest"] == 4.0
    with recorded_sizes(model, (nn.ReLU,)) as sizes:
        model(torch.tensor([1.0, 1.0]))
    assert list(sizes) == ["1"]


def test_the_largest_score_is_the_largest_of_all_pairs():
    q, k = draw(0, 2, 3, 4), draw(1, 2, 5, 4)
    scores = [abs(float(np.dot(q[b, t], k[b, s]))) / 2 for b in range(2) for t in range(3) for s in range(5)]
    assert largest_score(q, k) == pytest.approx(max(scores))


def test_gradient_norms_are_those_of_finite_differences():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double()
    x = draw(0, 5, 3)
    model(x).square().sum().backward()
    norms = gradient_norms(model)
    for name, p in model.named_parameters():
        slopes = []
        for i in range(p.numel()):
            ends = []
            for step in (1e-6, -2e-6):
                with torch.no_grad():
                    p.view(-1)[i] += step
                    ends.append(model(x).square().sum().item())
            with torch.no_grad():
                p.view(-1)[i] += 1e-6
            slopes.append((ends[0] - ends[1]) / 2e-6)
        assert norms[name] == pytest.approx(np.linalg.norm(slopes), rel=1e-6)


def test_the_hessian_of_a_quadratic_form_has_the_eigenvalues_of_its_matrix():
    matrix = draw(0, 6, 6)
    matrix = matrix + matrix.T
    line = nn.Linear(6, 1, bias=False).double()
    found = hessian_eigenvalues(line, lambda m: m.weight[0] @ matrix @ m.weight[0] / 2)
    np.testing.assert_allclose(found, np.linalg.eigvalsh(matrix.numpy()), atol=1e-10)
    assert found[0] < 0 < found[-1]


@pytest.mark.parametrize("kind", ["standard", "normed", "diff", "diff2", "dint"])
def test_the_hessian_of_a_model_with_attention_is_that_of_finite_differences(kind):
    torch.manual_seed(0)
    model = MiniGPT(Config(5, dim=4, n_heads=2, n_layers=1, attention=kind)).double()
    tokens = torch.randint(5, (2, 7))

    def loss(model):
        return nn.functional.cross_entropy(model(tokens).flatten(0, 1), tokens.flatten())

    def slopes(point):
        nn.utils.vector_to_parameters(point, model.parameters())
        return torch.cat([g.flatten() for g in torch.autograd.grad(loss(model), list(model.parameters()))])

    start = nn.utils.parameters_to_vector(model.parameters()).detach().clone()
    steps = 1e-5 * torch.eye(len(start), dtype=torch.float64)
    rows = torch.stack([(slopes(start + step) - slopes(start - step)) / 2e-5 for step in steps])
    nn.utils.vector_to_parameters(start, model.parameters())
    np.testing.assert_allclose(hessian_eigenvalues(model, loss), np.linalg.eigvalsh(rows.numpy()), atol=1e-6)


def test_parameters_that_bend_nothing_have_eigenvalue_zero():
    line = nn.Linear(2, 1).double()
    found = hessian_eigenvalues(line, lambda m: m.weight.square().sum() + m.bias.sum())
    np.testing.assert_allclose(found, [0, 2, 2], atol=1e-12)


@pytest.mark.parametrize(("call", "error", "says"), [
    (lambda: answer_share(torch.ones(2, 3), torch.tensor([0])), ValueError, r"one place a row, \(2,\)"),
    (lambda: answer_share(torch.ones(3), torch.tensor(3)), ValueError, r"must lie in 0\.\.2"),
    (lambda: head_cka(torch.ones(1, 1, 5, 2)), ValueError, "with at least 2 heads is expected"),
    (lambda: hessian_eigenvalues(nn.Identity(), None), ValueError, "no parameter that requires a gradient"),
    (lambda: noise_share(torch.ones(3), torch.ones(3)), TypeError, "noise has dtype torch.float32"),
    (lambda: head_likeness(torch.ones(1, 1, 2, 2)), ValueError, "at least 2 heads"),
    (lambda: linear_cka(torch.ones(3, 2), torch.ones(4, 2)), ValueError, "x has shape"),
    (lambda: quantise(torch.ones(3), 1), ValueError, "bits=1"),
    (lambda: hessian_eigenvalues(nn.Linear(100, 100), None), ValueError, "10100 parameters"),
])  # fmt: skip
def test_what_cannot_be_measured_is_refused(call, error, says):
    with pytest.raises(error, match=says):
        call()


# Scores of few bits


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_scores_that_are_not_rounded_change_nothing_and_many_bits_little(kind):
    torch.manual_seed(0)
    model = MiniGPT(Config(11, dim=32, n_heads=4, attention=kind)).double()
    tokens = torch.randint(11, (2, 7))
    expected = model(tokens)
    with coarse_scores(model) as largest:
        torch.testing.assert_close(model(tokens), expected, rtol=1e-9, atol=1e-9)
    assert len(largest) == 2 and min(largest) > 0
    errors = []
    for bits in (3, 8, 16):
        with coarse_scores(model, bits):
            errors.append((model(tokens) - expected).abs().max().item())
    assert errors[0] > errors[1] > errors[2] and errors[2] < errors[0] / 50
    torch.testing.assert_close(model(tokens), expected)  # afterwards as before


def test_rounding_inside_rounding_is_that_of_the_coarser_and_ends_with_each():
    torch.manual_seed(0)
    for kind in KINDS:
        model, tokens = MiniGPT(Config(11, dim=32, n_layers=1, attention=kind)).double(), torch.randint(11, (2, 6))
        plain = model(tokens)
        with coarse_scores(model, bits=2):
            alone = model(tokens)
        with coarse_scores(model) as outer:
            with coarse_scores(model, bits=2) as inner:
                torch.testing.assert_close(model(tokens), alone)
            torch.testing.assert_close(model(tokens), plain)
        assert torch.equal(model(tokens), plain) and len(outer) == 2 and len(inner) == 1


def test_a_copy_made_while_scores_are_rounded_or_sizes_recorded_is_an_ordinary_model():
    model, tokens = MiniGPT(Config(11, dim=32, attention="diff")), torch.randint(11, (2, 6))
    plain = model(tokens)
    with coarse_scores(model, bits=2) as largest:
        copies = [pickle.loads(pickle.dumps(model))]
        with recorded_sizes(model) as sizes:
            copies.append(copy.deepcopy(model))
            model(tokens)
            recorded = copy.deepcopy(sizes)
            for twin in copies:
                assert torch.equal(twin(tokens), plain)
            assert sizes == recorded and len(largest) == 2
    for each in (model, *copies):
        assert torch.equal(each(tokens), plain)
    assert sizes == recorded and len(largest) == 2


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_likeness_in_half_precision_is_near_that_in_float64(dtype):
    x, y = 300 * draw(0, 20, 4), 300 * draw(1, 20, 3)  # squares beyond float16
    assert linear_cka(x.to(dtype), y.to(dtype)).item() == pytest.approx(linear_cka(x, y).item(), rel=0.02)
    assert largest_score(80 * torch.ones(2, 32).to(dtype), 80 * torch.ones(3, 32).to(dtype)) == pytest.approx(
        80 * 80 * 32 / math.sqrt(32), rel=0.01
    )


def test_places_may_be_small_integers():
    weights, places = draw(0, 3, 300), torch.tensor([0, 4, 200])
    torch.testing.assert_close(answer_share(weights, places.to(torch.uint8)), answer_share(weights, places))


def test_scores_of_three_bits_by_hand():
    torch.manual_seed(0)
    layer, x = MultiHeadAttention(8, 2), torch.randn(1, 5, 8)
    q, k, v = (proj(x).view(1, 5, 2, 4).transpose(1, 2) for proj in (layer.q_proj, layer.k_proj, layer.v_proj))
    scores = (q @ k.mT / 2).tril()
    step = scores.abs().max() / 3
    weights = (scores / step).round().mul(step).masked_fill(torch.ones(5, 5).triu(1) > 0, -torch.inf).softmax(-1)
    with coarse_scores(layer, bits=3) as largest:
        output, said = layer(x, return_weights=True)
    torch.testing.assert_close(said, weights)
    torch.testing.assert_close(output, layer.o_proj((weights @ v).transpose(1, 2).flatten(2)))
    assert largest == [pytest.approx(scores.abs().max().item())]
