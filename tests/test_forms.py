"""The fast forms give what the maps give: outputs and gradients, every mask, length, group and precision."""

import math

import pytest
import torch

from diffattn_mini import DiffAttention, DiffAttentionV2, causal_mask, differential_attention, padding_mask
from diffattn_mini.forms import KEPT, ROWS, blocked, padded

FORMS = [padded, blocked]
LENGTHS = [1, 2, 7, ROWS - 1, ROWS, ROWS + 1, 2 * ROWS + 5, 230]
MASKS = {
    "causal": lambda T: "causal",
    "none": lambda T: None,
    "table": lambda T: causal_mask(T) & (torch.rand(T, T) < 0.5) | torch.eye(T, dtype=torch.bool),
    "each head": lambda T: (torch.rand(2, 3, T, T) < 0.5) | torch.eye(T, dtype=torch.bool),
    "padding": lambda T: padding_mask(torch.tensor([T, (T + 1) // 2]), T),
}


def inputs(T, d=4, e=8, dtype=torch.float64, seed=0, per_token=False):
    generator = torch.Generator().manual_seed(seed)
    shapes = [(2, 3, T, d)] * 4 + [(2, 3, T, e), (2, 3, T, 1) if per_token else ()]
    return [torch.randn(shape, dtype=dtype, generator=generator).requires_grad_() for shape in shapes]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("T", LENGTHS)
@pytest.mark.parametrize("per_token", [False, True])
def test_outputs_and_all_gradients_equal_those_of_the_maps(form, mask, T, per_token):
    torch.manual_seed(1)
    mask, arguments = MASKS[mask](T), inputs(T, per_token=per_token)
    expected, _ = differential_attention(*arguments, mask)
    output, weight = form(*arguments, mask), torch.randn_like(expected)
    torch.testing.assert_close(output, expected, atol=1e-12, rtol=0)
    for ours, theirs in zip(*(torch.autograd.grad((y * weight).sum(), arguments) for y in (output, expected)),
                            strict=True):  # fmt: skip
        torch.testing.assert_close(ours, theirs, atol=1e-11, rtol=0)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("mask", ["causal", None])
def test_gradients_are_those_of_finite_differences(form, mask):
    assert torch.autograd.gradcheck(lambda *a: form(*a, mask), inputs(5, d=2, e=4))
    assert torch.autograd.gradcheck(lambda *a: form(*a, mask), inputs(3, d=2, e=4, per_token=True))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 2e-6), (torch.bfloat16, 0.04)])
def test_lower_precision_stays_close_to_double(form, dtype, tolerance):
    double = inputs(ROWS + 9)
    output = form(*(x.to(dtype) for x in double), "causal")
    assert output.dtype == dtype
    expected, _ = differential_attention(*double, "causal")
    torch.testing.assert_close(output.double(), expected, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize("form", FORMS)
def test_scores_of_ten_thousand_stay_finite(form):
    q1, k1, q2, k2, v, lam = inputs(ROWS + 3)
    big = [x * math.sqrt(1e4) for x in (q1, k1, q2, k2)]
    output = form(*big, v, lam, "causal")
    grads = torch.autograd.grad(output.sum(), (q1, k1, q2, k2, v, lam))
    assert output.isfinite().all() and all(g.isfinite().all() for g in grads)


@pytest.mark.parametrize("form", FORMS)
def test_a_context_of_another_length_is_seen_whole(form):
    q1, _, q2, _, _, lam = inputs(5)
    _, k1, _, k2, v, _ = inputs(ROWS + 2, seed=1)
    torch.testing.assert_close(form(q1, k1, q2, k2, v, lam), differential_attention(q1, k1, q2, k2, v, lam)[0])


def test_the_blocked_form_keeps_only_small_maps_for_the_backward_pass():
    def kept(form, T):
        sizes = []
        with torch.autograd.graph.saved_tensors_hooks(lambda x: sizes.append(x.numel()) or x, lambda x: x):
            output = form(*inputs(T, dtype=torch.float32), "causal")
        blocks = getattr(output.grad_fn, "blocks", None) or []
        return sum(sizes), sum(first.numel() + second.numel() for *_, first, second in blocks)

    (short, _), (long, maps) = kept(blocked, 512), kept(blocked, 1024)
    assert long == pytest.approx(2 * short, rel=0.05) and maps == 0
    assert 0 < kept(blocked, 100)[1] <= 2 * KEPT
    naive = [kept(lambda *a: differential_attention(*a)[0], T)[0] for T in (128, 256)]
    assert naive[1] > 3 * naive[0]


@pytest.mark.parametrize("T", [70, 600])
def test_the_backward_pass_can_be_asked_twice(T):
    q1, k1, q2, k2, v, lam = inputs(T)
    output = blocked(q1, k1, q2, k2, v, lam, "causal").square().sum()
    once, twice = (torch.autograd.grad(output, (q1, k1, q2, k2, v, lam), retain_graph=True) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(once, twice, strict=True))


def test_padding_with_zeros_needs_the_scale_of_the_narrow_queries():
    """With the fused call's own scale, 1 / sqrt(e), the output is another one: the mistake is seen here."""
    q1, k1, q2, k2, v, lam = inputs(6)
    narrow = math.sqrt(4 / 8)
    wrong = padded(q1 * narrow, k1, q2 * narrow, k2, v, lam)
    assert not torch.allclose(wrong, differential_attention(q1, k1, q2, k2, v, lam)[0], atol=1e-2)


LAYERS = {
    "diff": lambda form: DiffAttention(48, 4, layer=2, n_kv_heads=2, form=form, rope=True),
    "diff2": lambda form: DiffAttentionV2(48, 4, n_kv_heads=2, form=form, rope=True),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("form", ["auto", "padded", "blocked"])
@pytest.mark.parametrize("T", [1, 65, 1030])
def test_a_layer_is_the_same_in_every_form(name, form, T):
    layers = []
    for kind in ("maps", form):
        torch.manual_seed(0)
        layers.append(LAYERS[name](kind).double())
    x = torch.randn(2, T, 48, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    outputs = [layer(x) for layer in layers]
    torch.testing.assert_close(outputs[1], outputs[0], atol=1e-12, rtol=0)
    grads = [torch.autograd.grad(y.square().sum(), list(layer.parameters()))
             for y, layer in zip(outputs, layers, strict=True)]  # fmt: skip
    for ours, theirs in zip(*reversed(grads), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-9, rtol=1e-9)
    assert torch.equal(layers[1](x, return_weights=True)[1], layers[0](x, return_weights=True)[1])
