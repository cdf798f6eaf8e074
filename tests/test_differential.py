"""Differential attention: identities, hand values, and a layer written a second time in loops."""

import doctest
import importlib
import math
import pkgutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import nn

import diffattn_mini
from diffattn_mini import (
    DiffAttention,
    attention_weights,
    differential_attention,
    lambda_init,
    lambda_value,
    rotary,
    scaled_dot_product_attention,
)

MODULES = sorted(m.name for m in pkgutil.walk_packages(diffattn_mini.__path__, "diffattn_mini.")
                 if not m.name.endswith("__main__"))  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_the_docstrings_hold(name):
    module = importlib.import_module(name)
    extra = {"np": np, "torch": torch}
    assert doctest.testmod(module, extraglobs=extra).failed == 0


def test_every_public_function_has_an_example():
    modules = {"check", "plots", "widgets"}
    public = [getattr(diffattn_mini, name) for name in sorted(set(diffattn_mini.__all__) - modules)]
    assert [f.__name__ for f in public if ">>>" not in f.__doc__] == []


def run_python(code):
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_importing_the_package_imports_neither_torch_nor_matplotlib():
    run_python(
        "import sys, diffattn_mini as dm; from diffattn_mini.check import check; dm.softmax([1, 2]); "
        "check('11.schedule', lambda layer: 1); dm.lambda_init(3); dir(dm); "
        "assert not {'torch', 'matplotlib', 'ipywidgets'} & set(sys.modules), 'imported too early'"
    )


def test_asking_for_the_layer_imports_torch():
    run_python(
        "import sys, diffattn_mini; diffattn_mini.DiffAttention; assert 'torch' in sys.modules"
    )


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="DiffAtention"):
        diffattn_mini.DiffAtention  # noqa: B018


# The maps


def inputs(T, d, seed, scale=1.0):
    rng = np.random.default_rng(seed)
    return [scale * rng.normal(size=(2, T, d)) for _ in range(4)] + [rng.normal(size=(2, T, 2 * d))]


cases = dict(T=st.integers(1, 6), d=st.integers(1, 4), lam=st.floats(0, 1.5), seed=st.integers(0, 10**6))


@given(**cases)
def test_rows_sum_to_one_minus_lambda_and_entries_lie_between_minus_lambda_and_one(T, d, lam, seed):
    _, weights = differential_attention(*inputs(T, d, seed), lam)
    np.testing.assert_allclose(weights.sum(-1), 1 - lam, atol=1e-12)
    assert weights.min() >= -lam - 1e-12 and weights.max() <= 1 + 1e-12


@given(**cases | dict(lam=st.floats(-1.5, 0)))
def test_with_a_negative_lambda_rows_still_sum_to_one_minus_lambda_and_entries_lie_between_zero_and_that(
    T, d, lam, seed
):
    _, weights = differential_attention(*inputs(T, d, seed), lam)
    np.testing.assert_allclose(weights.sum(-1), 1 - lam, atol=1e-12)
    assert weights.min() >= 0 and weights.max() <= 1 - lam + 1e-12


@pytest.mark.parametrize(("lam", "lowest", "highest"), [(0.5, -0.5, 1), (1.5, -1.5, 1), (0, 0, 1), (-0.5, 0, 1.5)])
def test_two_sharp_maps_reach_the_ends_of_the_range(lam, lowest, highest):
    sharp, keys = np.array([[1e3, 0], [1e3, 0]]), np.eye(2)
    _, weights = differential_attention(sharp, keys, np.array([[1e3, 0], [0, 1e3]]), keys, keys, lam)
    np.testing.assert_allclose(weights, [[1 - lam, 0], [1, -lam]], atol=1e-12)
    assert (weights.min(), weights.max()) == pytest.approx((lowest, highest))


@given(**cases)
def test_the_first_row_of_a_causal_map_is_one_minus_lambda_and_the_future_is_exactly_zero(T, d, lam, seed):
    _, weights = differential_attention(*inputs(T, d, seed), lam, "causal")
    np.testing.assert_allclose(weights[:, 0, 0], 1 - lam, atol=1e-12)
    assert (np.triu(weights, 1) == 0).all()


@given(**cases)
def test_equal_pairs_leave_one_minus_lambda_of_ordinary_attention(T, d, lam, seed):
    q, k, _, _, v = inputs(T, d, seed)
    output, weights = differential_attention(q, k, q, k, v, lam, "causal")
    plain, map_ = scaled_dot_product_attention(q, k, v, "causal")
    np.testing.assert_allclose(weights, (1 - lam) * map_, atol=1e-12)
    np.testing.assert_allclose(output, (1 - lam) * plain, atol=1e-12)


@pytest.mark.parametrize(
    ("lam", "row"), [(0.2, (0.720, 0.040, 0.040)), (0.5, (0.620, -0.060, -0.060)), (0.8, (0.520, -0.160, -0.160))]
)
def test_three_tokens_by_hand(lam, row):
    """Scores (2, 0, 0) and (0, 0, 0): sharper, then negative, then over-subtracted."""
    q1, k1, zero = np.array([[2.0]]), np.array([[1.0], [0.0], [0.0]]), np.zeros((1, 1))
    _, weights = differential_attention(q1, k1, zero, k1, np.zeros((3, 2)), lam)
    np.testing.assert_allclose(weights[0], row, atol=6e-4)


@pytest.mark.parametrize(("lam", "share"), [(0.2, 12.8), (0.5, 31.2), (0.8, 43.7)])
@pytest.mark.parametrize("n", [64, 512, 2048])
def test_the_share_of_negative_entries_of_random_maps_is_the_known_one_at_every_length(n, lam, share):
    """A difference of two scores from N(0, 1) lies below log(lambda); the sums of the two rows nearly cancel."""
    assert 100 * (1 + math.erf(math.log(lam) / 2)) / 2 == pytest.approx(share, abs=0.06)
    rng = np.random.default_rng(0)
    rows = 2**18 // n
    scores = [rng.normal(size=(rows, n)) * math.sqrt(n) for _ in range(2)]  # queries for an identity of keys, unscaled
    _, weights = differential_attention(scores[0], np.eye(n), scores[1], np.eye(n), np.zeros((n, 1)), lam)
    assert 100 * (weights < 0).mean() == pytest.approx(share, abs=0.5)


# Lambda


def test_lambda_init_gives_the_values_of_the_paper():
    table = {1: 0.2, 2: 0.3555, 3: 0.4707, 4: 0.5561, 5: 0.6193, 6: 0.6661, 8: 0.7265, 12: 0.7779, 24: 0.7994}
    assert {layer: round(lambda_init(layer), 4) for layer in table} == table


@pytest.mark.parametrize(("layer", "error"), [(0, ValueError), (-1, ValueError), (1.0, TypeError), (True, TypeError)])
def test_layers_that_do_not_count_from_one_are_refused(layer, error):
    with pytest.raises(error, match="layer"):
        lambda_init(layer)


def test_lambda_by_hand():
    e0, e1 = np.eye(4)[:2]
    assert lambda_value(e0, 2 * e0, e1, e1, 0.3) == pytest.approx(math.e**2 - math.e + 0.3)
    assert lambda_value(e0, 2 * e0, e1, e1, 0.3) == pytest.approx(4.970774, abs=1e-6)


@given(d=st.integers(1, 64), layer=st.integers(1, 48), dtype=st.sampled_from([torch.float32, torch.float64]))
def test_zero_vectors_give_the_start_exactly_and_no_gradient(d, layer, dtype):
    module = DiffAttention(2 * d, 1, layer).to(dtype)
    vectors = [module.lambda_q1, module.lambda_k1, module.lambda_q2, module.lambda_k2]
    with torch.no_grad():
        for vector in vectors:
            vector.zero_()
    start = torch.tensor(lambda_init(layer), dtype=dtype)
    assert torch.equal(module.lam, start) and torch.equal(lambda_value(*vectors, lambda_init(layer)), start)
    module.lam.backward()
    assert all((vector.grad == 0).all() for vector in vectors)


def test_lambda_starts_around_its_start_with_the_known_spread():
    torch.manual_seed(0)
    starts = torch.stack([DiffAttention(64, 1, layer=3).lam for _ in range(400)]).detach()
    assert starts.mean().item() == pytest.approx(lambda_init(3), abs=0.02)
    assert starts.std().item() == pytest.approx(math.sqrt(2 * 32) / 100, rel=0.15)


# The layer


def turned(x, d):
    """RoPE as the multiplication by e^(i t theta) that it is. x: (T, n * d), n sub-heads."""
    theta = 10000.0 ** -(torch.arange(0, d, 2, dtype=torch.float64) / d)
    turns = torch.polar(torch.ones(1, dtype=torch.float64), torch.arange(len(x))[:, None] * theta)  # (T, d/2)
    pairs = torch.view_as_complex(x.unflatten(-1, (-1, d // 2, 2)).contiguous())  # (T, n, d/2)
    return torch.view_as_real(pairs * turns[:, None]).flatten(-3)


def reference(layer, x, mask):
    """The paper once more, token by token. mask: booleans (T, T)."""
    h, kv, d = layer.n_heads, layer.n_kv_heads, layer.dim // (2 * layer.n_heads)
    first, second = torch.dot(layer.lambda_q1, layer.lambda_k1), torch.dot(layer.lambda_q2, layer.lambda_k2)
    lam = torch.exp(first) - torch.exp(second) + layer.lambda_init
    out, maps = torch.zeros_like(x), torch.zeros(len(x), h, x.shape[1], x.shape[1], dtype=x.dtype)
    for b, tokens in enumerate(x):
        Q, K, V = (tokens @ p.weight.T for p in (layer.q_proj, layer.k_proj, layer.v_proj))
        if layer.rope:
            Q, K = (turned(y, d) for y in (Q, K))
        rows = []
        for t in range(len(tokens)):
            heads = []
            for i in range(h):
                g = i // (h // kv)
                pair = []
                for j in (0, 1):
                    q = Q[t, (2 * i + j) * d : (2 * i + j + 1) * d]
                    ks = K[:, (2 * g + j) * d : (2 * g + j + 1) * d]
                    scores = torch.einsum("d,sd->s", q, ks) / math.sqrt(d)
                    e = torch.exp(scores - scores[mask[t]].max()) * mask[t]
                    pair.append(e / e.sum())
                row = pair[0] - lam * pair[1]
                maps[b, i, t] = row
                o = torch.einsum("s,se->e", row, V[:, 2 * g * d : 2 * (g + 1) * d])
                o = o / torch.sqrt((o**2).mean() + 1e-5) * layer.norm.weight
                heads.append(o * (1 - layer.lambda_init))
            rows.append(layer.o_proj.weight @ torch.cat(heads))
        out[b] = torch.stack(rows)
    return out, maps


def make(dim=24, n_heads=4, layer=2, seed=0, **options):
    torch.manual_seed(seed)
    module = DiffAttention(dim, n_heads, layer, **options).double()
    nn.init.normal_(module.norm.weight, 1, 0.3)  # a learned norm, not all ones
    return module


def tokens(B=2, T=5, dim=24, seed=1):
    return torch.randn(B, T, dim, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


VISIBLE = torch.tensor(np.random.default_rng(3).random((5, 5)) < 0.5) | torch.eye(5, dtype=torch.bool)


@pytest.mark.parametrize("n_kv_heads", [4, 2, 1])
@pytest.mark.parametrize("mask", ["causal", None, "boolean"])
def test_the_layer_equals_the_paper_written_in_loops(n_kv_heads, mask):
    module, x = make(n_kv_heads=n_kv_heads), tokens()
    visible = {"causal": torch.ones(5, 5).tril().bool(), None: torch.ones(5, 5).bool(), "boolean": VISIBLE}[mask]
    output, weights = module(x, VISIBLE if mask == "boolean" else mask, return_weights=True)
    expected, maps = reference(module, x, visible)
    torch.testing.assert_close(output, expected)
    torch.testing.assert_close(weights, maps)


def test_gradients_reach_every_parameter_and_are_those_of_finite_differences():
    module = make(dim=8, n_heads=2)
    parameters = dict(module.named_parameters())
    names = ["lambda_q1", "lambda_k1", "lambda_q2", "lambda_k2"]
    assert sorted(parameters) == sorted([*names, "q_proj.weight", "k_proj.weight", "v_proj.weight", "o_proj.weight",
                                         "norm.weight"])  # fmt: skip

    def run(x, *values):
        return torch.func.functional_call(module, dict(zip(parameters, values, strict=True)), (x,))

    x = tokens(1, 3, 8).requires_grad_()
    assert torch.autograd.gradcheck(run, (x, *parameters.values()))
    grads = torch.autograd.grad(module(x).pow(2).sum(), list(parameters.values()))
    assert all(grad.abs().max() > 0 for grad in grads)


def test_no_token_sees_the_future():
    module, x = make(), tokens(T=6)
    changed = x.clone()
    changed[:, 4:] += 100
    torch.testing.assert_close(module(x)[:, :4], module(changed)[:, :4], rtol=0, atol=0)
    assert not torch.allclose(module(x)[:, 4:], module(changed)[:, 4:])


def test_parameters_match_those_of_an_ordinary_layer_but_for_lambda_and_the_norm():
    module = DiffAttention(1024, n_heads=8)
    count = sum(p.numel() for p in module.parameters())
    assert count == 4_194_688 and 4 * 1024**2 == 4_194_304
    assert count - 4 * 1024**2 == 4 * 64 + 128
    shapes = {name: tuple(p.shape) for name, p in module.named_parameters() if "proj" not in name}
    lambdas = {name: (64,) for name in ("lambda_q1", "lambda_k1", "lambda_q2", "lambda_k2")}  # one lambda for all heads
    assert shapes == lambdas | {"norm.weight": (128,)}
    assert (module.norm.weight == 1).all()


def test_the_norm_makes_the_layer_blind_to_the_size_of_its_maps():
    """Values ten times larger leave the output as it is, up to eps: each head is normed on its own."""
    module, x = make(eps=1e-12), tokens()
    before = module(x)
    with torch.no_grad():
        module.v_proj.weight *= 10
    torch.testing.assert_close(module(x), before)


class Scaled(DiffAttention):
    """c (A1 - lambda A2)."""

    scale = 1.0

    def attend(self, *args):
        heads, weights = super().attend(*args)
        return self.scale * heads, weights


def with_lambda(kind, d, lam, layer, seed, equal, eps=1e-5):
    """Two heads of width 2d, with a lambda of choice, and equal pairs of queries and keys where asked for."""
    torch.manual_seed(seed)
    module = kind(4 * d, 2, layer, eps=eps).double()
    with torch.no_grad():
        nn.init.normal_(module.norm.weight)
        for vector in (module.lambda_q1, module.lambda_k1, module.lambda_q2):
            vector.zero_()
        module.lambda_q1[0], module.lambda_k1[0] = math.log(lam - module.lambda_init + 1), 1
        for projection in (module.q_proj, module.k_proj) if equal else ():
            rows = projection.weight.view(2, 2, d, 4 * d)
            rows[:, 1] = rows[:, 0]
    assert module.lam.item() == pytest.approx(lam)
    return module


layers = cases | dict(layer=st.integers(1, 24))
lambdas = st.floats(0, 3).filter(lambda lam: abs(1 - lam) > 1e-3)
scales = st.floats(-2, 2).map(lambda power: 10**power)
same = dict(atol=1e-9, rtol=1e-9)


@given(**layers | dict(lam=lambdas))
def test_with_equal_pairs_the_norm_gives_plain_attention_normed_and_turned_around_above_one(T, d, lam, layer, seed):
    """(1 - lambda) A V normed is A V normed, with an eps (1 - lambda)^2 times smaller, and the sign of 1 - lambda."""
    module, x = with_lambda(DiffAttention, d, lam, layer, seed, equal=True), tokens(T=T, dim=4 * d)
    q, k, v = (p(x).view(2, T, 2, 2 * d).transpose(1, 2) for p in (module.q_proj, module.k_proj, module.v_proj))
    plain, _ = scaled_dot_product_attention(q[..., :d].contiguous(), k[..., :d].contiguous(), v, "causal")
    rms = (plain.square().mean(-1, keepdim=True) + 1e-5 / (1 - lam) ** 2).sqrt()
    heads = math.copysign(1 - module.lambda_init, 1 - lam) * module.norm.weight * plain / rms
    torch.testing.assert_close(module(x), module.o_proj(heads.transpose(1, 2).reshape(2, T, 4 * d)), **same)


@given(**layers, c=scales)
def test_a_positive_factor_on_the_maps_is_lost_in_the_norm(T, d, lam, layer, seed, c):
    """But for eps, which has to grow with c^2."""
    x, outputs = tokens(T=T, dim=4 * d), []
    for scale in (1.0, c):
        module = with_lambda(Scaled, d, lam, layer, seed, equal=False, eps=1e-5 * scale**2)
        module.scale = scale
        outputs.append(module(x))
    torch.testing.assert_close(*outputs, **same)


@given(**layers | dict(lam=lambdas), c=scales)
def test_of_equal_maps_the_output_tells_neither_lambda_nor_the_scale_but_their_product(T, d, lam, layer, seed, c):
    """Two settings of equal c (1 - lambda) have one output and one gradient."""
    other = 1 - (1 - lam) / c
    assume(0 <= other <= 10)
    x, settings = tokens(T=T, dim=4 * d), []
    for scale, value in ((1.0, lam), (c, other)):
        module = with_lambda(Scaled, d, value, layer, seed, equal=True)
        module.scale = scale
        settings.append([module(x), *torch.autograd.grad(module(x).square().sum(), module.v_proj.weight)])
    for here, there in zip(*settings, strict=True):
        torch.testing.assert_close(here, there, atol=1e-7, rtol=1e-7)


@given(**layers | dict(lam=lambdas))
def test_the_norm_magnifies_equal_maps_by_one_over_one_minus_lambda_and_the_factor_takes_that_back_at_the_start(
    T, d, lam, layer, seed
):
    q, k, _, _, v = (torch.from_numpy(y) for y in inputs(T, d, seed))
    plain, _ = scaled_dot_product_attention(q, k, v)
    size = plain.square().mean(-1, keepdim=True).sqrt()  # divided by it, what plain attention says has the size 1
    module = DiffAttention(2 * d, 1, layer, eps=1e-30).double()

    def magnified(lam):
        heads = differential_attention(q, k, q, k, v, lam)[0] / size
        return module.finish(heads[:, :, None], None)[:, :, 0] / heads

    factor = torch.tensor(1 - module.lambda_init, dtype=torch.float64).expand_as(v)
    torch.testing.assert_close(magnified(lam), factor / abs(1 - lam), **same)
    torch.testing.assert_close(magnified(module.lambda_init), torch.ones_like(v), **same)


@pytest.mark.filterwarnings("ignore:Mismatch dtype")
def test_mixed_precision_runs_and_stays_close():
    module, x = DiffAttention(32, 2), torch.randn(2, 7, 32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output = module(x)
    torch.testing.assert_close(output.float(), module(x), atol=0.05, rtol=0.05)


# Mistakes seen in public code: each must come out different, or the tests above could not see it.


class SpeltOut(DiffAttention):
    """The layer with its steps named, so that a mistake is one step done differently."""

    def pairs(self, x):
        return x.chunk(2, dim=-1)

    def maps(self, q1, q2, k1, k2):
        return attention_weights(q1, k1, "causal") - self.lam * attention_weights(q2, k2, "causal")

    def normed(self, heads):
        return self.norm(heads)

    def attend(self, q, k, v, mask, x, context, return_weights):
        weights = self.maps(*self.pairs(q), *self.pairs(k))
        return weights @ v, weights

    def finish(self, heads, x):
        return self.normed(heads) * (1 - self.lambda_init)


class MaskAfter(SpeltOut):
    def maps(self, q1, q2, k1, k2):
        weights = attention_weights(q1, k1) - self.lam * attention_weights(q2, k2)
        return weights.masked_fill(torch.ones(weights.shape[-2:]).triu(1).bool(), -math.inf)


class NoMask(SpeltOut):
    def maps(self, q1, q2, k1, k2):
        return attention_weights(q1, k1) - self.lam * attention_weights(q2, k2)


class SubtractedBeforeSoftmax(SpeltOut):
    def maps(self, q1, q2, k1, k2):
        scores = (q1 @ k1.mT - self.lam * q2 @ k2.mT) / math.sqrt(q1.shape[-1])
        return scores.masked_fill(torch.ones(scores.shape[-2:]).triu(1).bool(), -math.inf).softmax(-1)


class BooleanMaskAdded(SpeltOut):
    def maps(self, q1, q2, k1, k2):
        visible = torch.ones(q1.shape[-2], q1.shape[-2]).tril().bool()
        A1, A2 = (torch.softmax(q @ k.mT / math.sqrt(q.shape[-1]) + visible, -1) for q, k in ((q1, k1), (q2, k2)))
        return A1 - self.lam * A2


class LambdaNeverUsed(SpeltOut):
    lam = property(lambda self: self.lambda_init)


class NormOverTime(SpeltOut):
    def normed(self, heads):
        columns = nn.functional.group_norm(heads.flatten(2).mT, self.n_heads, eps=1e-5)  # (B, h * 2d, T)
        return columns.mT.unflatten(2, (self.n_heads, -1)) * self.norm.weight


class HalvesPaired(SpeltOut):
    """Sub-heads i and i + H/2 instead of 2i and 2i + 1: another library's weights without the permutation."""

    def pairs(self, x):
        return x.transpose(1, 2).flatten(2).unflatten(-1, (2, self.n_heads, self.head_dim)).permute(2, 0, 3, 1, 4)


class RotaryAcrossThePair(SpeltOut):
    def rotate(self, x, start):
        return rotary(x, start)


MISTAKES = [MaskAfter, NoMask, SubtractedBeforeSoftmax, BooleanMaskAdded, LambdaNeverUsed, NormOverTime, HalvesPaired,
            RotaryAcrossThePair]  # fmt: skip


@pytest.mark.parametrize("kind", [SpeltOut, *MISTAKES])
def test_a_layer_with_a_known_mistake_is_told_apart_from_the_paper(kind):
    module, x = make(dim=32, rope=True), tokens(dim=32)
    expected, _ = reference(module, x, torch.ones(5, 5).tril().bool())
    module.__class__ = kind
    assert torch.allclose(module(x), expected) == (kind is SpeltOut)


def test_a_mask_put_on_after_the_subtraction_makes_every_token_nan_but_the_last_which_has_no_future_to_hide():
    module, x = make(dim=32), tokens(dim=32)
    expected = module(x)[:, -1]
    module.__class__ = MaskAfter
    assert module(x)[:, :-1].isnan().all()
    torch.testing.assert_close(module(x)[:, -1], expected)


# Mistakes made when the layer is built: an audit of a fresh layer finds each by its own sign.


class WideVectors(DiffAttention):
    """Lambda's vectors from N(0, 1)."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        for name in ("lambda_q1", "lambda_k1", "lambda_q2", "lambda_k2"):
            nn.init.normal_(getattr(self, name))


class LambdaPerHead(DiffAttention):
    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        for name in ("lambda_q1", "lambda_k1", "lambda_q2", "lambda_k2"):
            self.register_parameter(name, nn.Parameter(0.1 * torch.randn(self.n_heads, 1, 1, self.head_dim)))

    @property
    def lam(self):
        first, second = ((q * k).sum(-1).exp() for q, k in ((self.lambda_q1, self.lambda_k1),
                                                           (self.lambda_q2, self.lambda_k2)))  # fmt: skip
        return first - second + self.lambda_init


class LambdaNotLearned(DiffAttention):
    lam = property(lambda self: lambda_value(self.lambda_q1, self.lambda_k1, self.lambda_q2, self.lambda_k2,
                                             self.lambda_init).detach())  # fmt: skip


class ZeroNorm(DiffAttention):
    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        nn.init.zeros_(self.norm.weight)


class HeadsNotHalved(DiffAttention):
    """As many differential heads as the ordinary layer has heads, of the same width: everything twice as wide."""

    def __init__(self, dim, n_heads, **options):
        super().__init__(2 * dim, 2 * n_heads, **options)
        for name in ("q_proj", "k_proj", "v_proj"):
            setattr(self, name, nn.Linear(dim, 2 * dim, bias=False))
        self.dim, self.o_proj = dim, nn.Linear(2 * dim, dim, bias=False)


class HeadWidthHalvedToo(DiffAttention):
    """Half the heads, as it should be, and each half as wide again."""

    def __init__(self, dim, n_heads, **options):
        super().__init__(dim // 2, n_heads, **options)
        for name in ("q_proj", "k_proj", "v_proj"):
            setattr(self, name, nn.Linear(dim, dim // 2, bias=False))
        self.dim, self.o_proj = dim, nn.Linear(dim // 2, dim, bias=False)


def audit(kind):
    """What is wrong with a fresh layer of width 64 that stands beside an ordinary one of eight heads."""
    torch.manual_seed(0)
    layers = [kind(64, 4, layer=4) for _ in range(60)]
    layer, x = layers[0], torch.randn(2, 6, 64)
    found = set()
    if layer.lam.numel() != 1:
        found.add("one lambda a layer")
    starts = torch.stack([one.lam.detach().mean() for one in layers])
    if (starts - lambda_init(4)).abs().max() > 0.2:
        found.add("lambda starts near lambda_init")
    count = sum(p.numel() for name, p in layer.named_parameters() if "proj" in name)
    if count != 4 * 64**2:
        found.add("as many parameters as the ordinary layer")
    output = layer(x)
    if not output.abs().max() > 1e-3:
        found.add("something comes out")
    output.sum().backward()
    if layer.lambda_q1.grad is None:
        found.add("lambda is learned")
    return found


@pytest.mark.parametrize(
    ("kind", "signs"),
    [
        (DiffAttention, set()),
        (WideVectors, {"lambda starts near lambda_init"}),
        (LambdaPerHead, {"one lambda a layer"}),
        (LambdaNotLearned, {"lambda is learned"}),
        (ZeroNorm, {"something comes out"}),
        (HeadsNotHalved, {"as many parameters as the ordinary layer"}),
        (HeadWidthHalvedToo, {"as many parameters as the ordinary layer"}),
    ],
)
def test_a_layer_built_with_a_known_mistake_shows_its_sign(kind, signs):
    assert audit(kind) == signs


def test_a_norm_over_time_leaks_the_future_and_is_caught():
    module, x = make(), tokens()
    module.__class__ = NormOverTime
    changed = x.clone()
    changed[:, 4:] += 100
    assert not torch.allclose(module(x)[:, :4], module(changed)[:, :4])


class SharedBeforePairing(SpeltOut):
    """The order of the other public code: repeat the sub-heads of the keys, and pair what comes out."""

    def attend(self, q, k, v, mask, x, context, return_weights):
        n = self.n_heads // self.n_kv_heads
        parts = k[:, ::n].unflatten(-1, (2, -1)).transpose(2, 3).flatten(1, 2)  # (B, 2 h_kv, S, d)
        k = parts.repeat_interleave(n, dim=1).unflatten(1, (-1, 2)).transpose(2, 3).flatten(-2)  # (B, h, S, 2d)
        return super().attend(q, k, v, mask, x, context, return_weights)


@pytest.mark.parametrize("kind", [SpeltOut, SharedBeforePairing])
def test_sharing_keys_before_pairing_is_told_apart(kind):
    module, x = make(n_kv_heads=2), tokens()
    module.__class__ = kind
    expected, _ = reference(module, x, torch.ones(5, 5).tril().bool())
    assert torch.allclose(module(x), expected) == (kind is SpeltOut)


# Refusals


@pytest.mark.parametrize(
    ("args", "options", "says"),
    [
        ((100, 12), {}, r"dim=100 is not divisible by 2 \* n_heads = 24; choose dim from 96, 120"),
        ((3, 2), {}, "choose dim from 4, 8"),
        ((0, 1), {}, "dim must be a whole number"),
        ((8, 0), {}, "n_heads must be"),
        ((8, 2.0), {}, "n_heads must be"),
        ((24, 4), dict(n_kv_heads=3), "choose from 1, 2, 4"),
        ((8, 2), dict(form="fused"), "the forms are 'auto', 'maps', 'padded', 'blocked'"),
        ((8, 2), dict(layer=0), "layer counts from 1"),
        ((8, 2), dict(eps=-1.0), "eps"),
    ],
)
def test_sizes_that_do_not_fit_are_refused_with_ones_that_do(args, options, says):
    with pytest.raises(ValueError, match=says):
        DiffAttention(*args, **options)


REFUSED = {
    "two axes": (lambda x: (x[0],), ValueError, r"x has shape \(5, 24\)"),
    "the wrong width": (lambda x: (x[..., :20],), ValueError, "dim=24"),
    "no tokens": (lambda x: (x[:, :0],), ValueError, "T at least 1"),
    "a numpy array": (lambda x: (x.numpy(),), TypeError, "x must be a torch tensor"),
    "integers": (lambda x: (x.long(),), TypeError, r"x has dtype torch\.int64"),
    "another dtype": (lambda x: (x.float(),), TypeError, r"x has dtype torch\.float32 and the weights torch\.float64"),
    "another device": (lambda x: (x.to("meta"),), ValueError, "x is on meta"),
    "NaN": (lambda x: (x * math.nan,), ValueError, "x holds NaN"),
    "a mask of floats": (lambda x: (x, torch.zeros(5, 5)), TypeError, "mask has dtype torch.float32"),
    "a mask of the wrong shape": (lambda x: (x, torch.ones(4, 5).bool()), ValueError, r"mask has shape \(4, 5\)"),
    "a mask that could mean two things": (lambda x: (x, torch.ones(2, 5, 5).bool()), ValueError, r"mask\[:, None\]"),
    "a row with nothing to see": (lambda x: (x, torch.ones(5, 5).tril(-1).bool()), ValueError, "nothing to attend to"),
    "an unknown mask": (lambda x: (x, "full"), ValueError, "mask='full'"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_bad_input_to_the_layer_is_refused_before_any_arithmetic(what):
    module = make()
    module.q_proj = nn.Module()  # any arithmetic would fail in another way
    module.q_proj.weight = torch.zeros(1, dtype=torch.float64)
    make_args, error, says = REFUSED[what]
    with pytest.raises(error, match=says):
        module(*make_args(tokens()))


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        (dict(q2=np.zeros((2, 4, 3))), ValueError, r"q1 has shape \(2, 3, 3\) and q2 \(2, 4, 3\)"),
        (dict(k2=np.zeros((2, 4, 3))), ValueError, "k1 has shape"),
        (dict(v=np.zeros((2, 4, 6))), ValueError, "every key needs one value"),
        (dict(q2=np.zeros((2, 3, 3), np.float32)), TypeError, "q2 has float32"),
        (dict(v=np.zeros((2, 3, 6), int)), TypeError, "v has dtype int64"),
        (dict(lam=math.nan), ValueError, "lam must be finite"),
        (dict(lam=np.zeros(4)), ValueError, r"lam has shape \(4,\)"),
        (dict(lam=np.zeros((2, 3, 1), np.float32)), TypeError, "lam has float32"),
        (dict(lam=torch.tensor(0.5)), TypeError, "lam is a torch tensor"),
    ],
)
def test_bad_input_to_the_maps_is_refused(change, error, says, monkeypatch):
    monkeypatch.setattr("diffattn_mini.attention.differential.attention_weights", None)
    q1, k1, q2, k2, v = inputs(3, 3, 0)
    with pytest.raises(error, match=says):
        differential_attention(**dict(q1=q1, k1=k1, q2=q2, k2=k2, v=v, lam=0.5) | change)


@pytest.mark.parametrize(
    ("vectors", "says"),
    [
        ((np.zeros(3), np.zeros(3), np.zeros(3), np.zeros(4)), "lambda_k2 has shape"),
        ((np.zeros((1, 3)),) * 4, "vectors of one length"),
        ((np.zeros(3), np.full(3, math.nan), np.zeros(3), np.zeros(3)), "lambda_k1 holds NaN"),
    ],
)
def test_lambda_vectors_that_do_not_match_are_refused(vectors, says):
    with pytest.raises(ValueError, match=says):
        lambda_value(*vectors, 0.2)
