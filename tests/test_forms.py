"""The fast forms give what the maps give: outputs and gradients, every mask, length, group and precision."""

import math

import pytest
import torch
import torch.nn.functional as F

from diffattn_mini import DiffAttention, DiffAttentionV2, causal_mask, differential_attention, padding_mask
from diffattn_mini.attention.forms import KEPT, ROWS, blocked, maps, padded
from diffattn_mini.attention.head_norm import head_norm

FORMS = [padded, blocked]
LENGTHS = [1, 2, 7, ROWS - 1, ROWS, ROWS + 1, 2 * ROWS + 5, 230]
MASKS = {
    "causal": lambda T: "causal",
    "none": lambda T: None,
    "table": lambda T: causal_mask(T) & (torch.rand(T, T) < 0.5) | torch.eye(T, dtype=torch.bool),
    "each head": lambda T: (torch.rand(2, 3, T, T) < 0.5) | torch.eye(T, dtype=torch.bool),
    "padding": lambda T: padding_mask(torch.tensor([T, (T + 1) // 2]), T),
}


def inputs(T, d=4, e=8, dtype=torch.float64, seed=0, per_token=False, shared=False):
    """q (2, 3, T, 2d), k as wide, or d wide where the maps share it, v, and lambda: a number or one for every token."""
    generator = torch.Generator().manual_seed(seed)
    shapes = [(2, 3, T, 2 * d), (2, 3, T, d if shared else 2 * d), (2, 3, T, e), (2, 3, T, 1) if per_token else ()]
    return [torch.randn(shape, dtype=dtype, generator=generator).requires_grad_() for shape in shapes]


def reference(q, k, v, lam, mask=None):
    """The maps' own output, from queries and keys that are cut apart here."""
    d = q.shape[-1] // 2
    return differential_attention(q[..., :d], k[..., :d], q[..., d:], k[..., -d:], v, lam, mask)[0]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("T", LENGTHS)
@pytest.mark.parametrize(("per_token", "shared"), [(False, False), (True, False), (True, True)])
def test_outputs_and_all_gradients_equal_those_of_the_maps(form, mask, T, per_token, shared):
    torch.manual_seed(1)
    mask, arguments = MASKS[mask](T), inputs(T, per_token=per_token, shared=shared)
    expected = reference(*arguments, mask)
    output, weight = form(*arguments, mask), torch.randn_like(expected)
    torch.testing.assert_close(output, expected, atol=1e-12, rtol=0)
    for ours, theirs in zip(*(torch.autograd.grad((y * weight).sum(), arguments) for y in (output, expected)),
                            strict=True):  # fmt: skip
        torch.testing.assert_close(ours, theirs, atol=1e-11, rtol=0)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("mask", ["causal", None])
@pytest.mark.parametrize("options", [{}, {"per_token": True}, {"per_token": True, "shared": True}])
def test_gradients_are_those_of_finite_differences(form, mask, options):
    assert torch.autograd.gradcheck(lambda *a: form(*a, mask), inputs(5, d=2, e=4, **options))


@pytest.mark.parametrize("mask", ["causal", None, "table"])
@pytest.mark.parametrize("shared", [False, True])
def test_second_derivatives_of_the_blocked_form_are_those_of_finite_differences(mask, shared):
    torch.manual_seed(0)
    mask = MASKS["table"](4) if mask == "table" else mask
    arguments = inputs(4, d=2, e=3, per_token=True, shared=shared)
    assert torch.autograd.gradgradcheck(lambda *a: blocked(*a, mask), arguments)


@pytest.mark.parametrize("form", [*FORMS, lambda *a: maps(*a)[0]])
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("T", [1, 7, ROWS + 1, 230])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 4e-6), (torch.bfloat16, 0.06)])
def test_lower_precision_stays_close_to_double_with_its_gradients(form, mask, T, dtype, tolerance):
    torch.manual_seed(2)
    mask, double = MASKS[mask](T), inputs(T, per_token=True)
    arguments = [x.detach().to(dtype).requires_grad_() for x in double]
    output, expected = form(*arguments, mask), reference(*(x.detach().to(dtype).double() for x in double), mask)
    assert output.dtype == dtype
    torch.testing.assert_close(output.double(), expected, atol=tolerance, rtol=tolerance)
    if dtype == torch.float32:
        weight = torch.randn_like(expected)
        exact = torch.autograd.grad((reference(*double, mask) * weight).sum(), double)
        grads = torch.autograd.grad((output * weight.float()).sum(), arguments)
        for ours, theirs in zip(grads, exact, strict=True):
            torch.testing.assert_close(ours.double(), theirs, atol=2e-5, rtol=2e-5)


def test_autocast_does_not_make_the_blocked_form_less_exact():
    double = inputs(ROWS + 9)
    single = [x.detach().float().requires_grad_() for x in double]
    exact = torch.autograd.grad(reference(*double, "causal").square().sum(), double)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output = blocked(*single, "causal")
        grads = torch.autograd.grad(output.square().sum(), single)
    torch.testing.assert_close(output.double(), reference(*double, "causal"), atol=4e-6, rtol=4e-6)
    for ours, theirs in zip(grads, exact, strict=True):
        torch.testing.assert_close(ours.double(), theirs, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("form", FORMS)
def test_scores_of_ten_thousand_stay_finite(form):
    q, k, v, lam = inputs(ROWS + 3)
    output = form(q * 100, k * 100, v, lam, "causal")
    grads = torch.autograd.grad(output.sum(), (q, k, v, lam))
    assert output.isfinite().all() and all(g.isfinite().all() for g in grads)


@pytest.mark.parametrize("form", FORMS)
def test_a_context_of_another_length_is_seen_whole(form):
    (q, *_, lam), (_, k, v, _) = inputs(5), inputs(ROWS + 2, seed=1)
    torch.testing.assert_close(form(q, k, v, lam), reference(q, k, v, lam))


@pytest.mark.parametrize("shape", [(5, 9), (1, 1, 1, 9), (2, 1, 1, 9), (1, 3, 1, 9), (1, 3, 5, 9), (2, 1, 5, 9),
                                   (2, 3, 5, 9)])  # fmt: skip
def test_a_mask_of_every_shape_hides_the_same_keys_in_every_form(shape, monkeypatch):
    monkeypatch.setattr("diffattn_mini.attention.forms.BLOCK", 4 * ROWS * 9)  # four of the six heads at once
    torch.manual_seed(3)
    mask = torch.rand(shape) < 0.5
    mask[..., 0] = True
    (q, *_, lam), (_, k, v, _) = inputs(5, per_token=True), inputs(9, seed=1)
    expected = reference(q, k, v, lam, mask.expand(2, 3, 5, 9))
    for form in FORMS:
        torch.testing.assert_close(form(q, k, v, lam, mask), expected, atol=1e-12, rtol=0)


def test_second_derivatives_where_one_input_comes_from_another_and_some_are_frozen():
    x, v = (y.detach().requires_grad_() for y in inputs(4, d=2, e=3)[1:3])

    def twice(x, v):
        return blocked(x, x.sin(), v, x.mean(-1, keepdim=True), "causal")

    assert torch.autograd.gradcheck(twice, (x, v)) and torch.autograd.gradgradcheck(twice, (x, v))
    assert torch.autograd.gradgradcheck(twice, (x, v.detach())) and torch.autograd.gradgradcheck(twice, (x.detach(), v))
    weight = torch.rand(4, dtype=torch.float64, requires_grad=True)
    for frozen in ((), (0,), (1,)):
        arguments = [y.detach() if i in frozen else y for i, y in enumerate((x, weight))]
        assert torch.autograd.gradgradcheck(lambda x, w: head_norm(head_norm(x, w).sin(), w), arguments)


def test_a_lambda_more_precise_than_the_queries_keeps_its_digits_and_its_second_derivatives():
    coarse = [x.detach().bfloat16() for x in inputs(6)[:3]]
    expected = reference(*(x.double() for x in coarse), 0.3)
    torch.testing.assert_close(blocked(*coarse, torch.tensor(0.3)).double(), expected, atol=1e-3, rtol=2**-8)
    assert torch.equal(blocked(*coarse, 0.3), blocked(*coarse, torch.tensor(0.3)))

    *given, lam = inputs(6, dtype=torch.float32)

    def slopes(form, lam):
        (slope,) = torch.autograd.grad(form(*given, lam).square().sum(), lam, create_graph=True)
        return torch.autograd.grad(slope, given)

    for ours, theirs in zip(slopes(blocked, lam.detach().double().requires_grad_()), slopes(reference, lam),
                            strict=True):  # fmt: skip
        torch.testing.assert_close(ours, theirs)


def test_a_mask_that_is_changed_before_the_backward_pass_is_noticed():
    mask = causal_mask(600)
    output = blocked(*inputs(600, dtype=torch.float32), mask).sum()
    mask.fill_(True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        output.backward()


def test_a_token_to_come_cannot_spoil_those_before_it_however_large():
    q, k, v, lam = inputs(6, dtype=torch.float32)
    with torch.no_grad():
        expected = blocked(q * 10, k, v, lam, "causal")[:, :, :5]
        k[:, :, 5] = torch.tensor([3e38, 0, 0, 0] * 2)  # its scores are inf or -inf
        assert torch.equal(blocked(q * 10, k, v, lam, "causal")[:, :, :5], expected)


def test_an_output_may_be_changed_in_place_and_a_batch_may_be_empty():
    output = blocked(*inputs(5), "causal")
    output.mul_(2)
    assert blocked(*(x[:0] if x.ndim else x for x in inputs(5)), "causal").shape == (0, 3, 5, 8)


@pytest.mark.parametrize(("call", "says"), [
    (lambda q, k, v, lam: blocked(q, k[:, :, :3], v[:, :, :3], lam, "causal"), "there are 5 queries and 3 keys"),
    (lambda q, k, v, lam: blocked(q, k, v, lam, "casual"), "mask='casual' must be 'causal'"),
    (lambda q, k, v, lam: blocked(q[:, :, :0], k, v, 0.5), "there are 0 queries and 5 keys"),
    (lambda q, k, v, lam: blocked(q, k[:, :, :0], v[:, :, :0], lam), "there are 5 queries and 0 keys"),
    (lambda q, k, v, lam: padded(q, k, v[..., :3], lam), "v is 3 wide and each map 4"),
    (lambda q, k, v, lam: head_norm(v, torch.ones(3)), r"weight has shape \(3,\); one for each feature, \(8,\)"),
])  # fmt: skip
def test_what_does_not_fit_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call(*inputs(5))


@pytest.mark.parametrize(("threads", "block"), [(2, 2 * ROWS * 150), (1, 5 * ROWS * 150), (4, 4 * 40 * 150), (2, 1)])
def test_heads_that_do_not_fit_into_a_block_are_computed_in_turns(threads, block, monkeypatch):
    """Two, five and four of the six heads at once, the four with blocks of 40 rows; and two with the fewest rows."""
    monkeypatch.setattr("torch.get_num_threads", lambda: threads)
    monkeypatch.setattr("diffattn_mini.attention.forms.BLOCK", block)
    arguments = inputs(150, per_token=True)
    outputs = [form(*arguments, "causal") for form in (blocked, reference)]
    torch.testing.assert_close(*outputs, atol=1e-12, rtol=0)
    grads = [torch.autograd.grad(y.square().sum(), arguments) for y in outputs]
    for ours, theirs in zip(*grads, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-11, rtol=0)


def test_the_blocked_form_keeps_only_small_maps_for_the_backward_pass():
    def kept(form, T):
        sizes = []
        with torch.autograd.graph.saved_tensors_hooks(lambda x: sizes.append(x.numel()) or x, lambda x: x):
            output = form(*inputs(T, dtype=torch.float32), "causal")
        del output
        return sum(sizes)

    short, long, longer = (kept(blocked, T) for T in (100, 512, 1024))
    assert longer == pytest.approx(2 * long, rel=0.05)
    given = sum(x.numel() for x in inputs(100))
    assert given < short <= given + 2 * 3 * 100 + 2 * KEPT
    naive = [kept(lambda *a: maps(*a)[0], T) for T in (128, 256)]
    assert naive[1] > 3 * naive[0]


@pytest.mark.parametrize("T", [70, 600])
def test_the_backward_pass_can_be_asked_twice(T):
    arguments = inputs(T)
    output = blocked(*arguments, "causal").square().sum()
    once, twice = (torch.autograd.grad(output, arguments, retain_graph=True) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(once, twice, strict=True))


def test_padding_with_zeros_needs_the_scale_of_the_narrow_queries():
    """With the fused call's own scale, 1 / sqrt(e), the output is another one: the mistake is seen here."""
    q, k, v, lam = inputs(6)
    assert not torch.allclose(padded(q * math.sqrt(4 / 8), k, v, lam), reference(q, k, v, lam), atol=1e-2)


@pytest.mark.parametrize("shape", [(7, 6), (2, 3, 5, 8)])
@pytest.mark.parametrize("scale", [1.0, 0.3])
def test_the_norm_of_heads_is_that_of_torch_with_its_gradients_once_and_twice(shape, scale):
    torch.manual_seed(0)
    x, weight = torch.randn(shape, dtype=torch.float64), torch.randn(shape[-1], dtype=torch.float64)
    arguments = x.transpose(0, -2).requires_grad_(), weight.requires_grad_()  # not contiguous
    expected = F.rms_norm(arguments[0], weight.shape, weight, 1e-5) * scale
    output = head_norm(*arguments, scale, 1e-5)
    torch.testing.assert_close(output, expected, atol=1e-14, rtol=1e-13)
    upstream = torch.randn_like(expected)
    for ours, theirs in zip(*(torch.autograd.grad(y, arguments, upstream) for y in (output, expected)), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-13, rtol=1e-12)
    assert torch.autograd.gradgradcheck(lambda *a: head_norm(*a, scale), arguments)


def test_rows_of_zeros_have_a_norm_and_finite_gradients():
    x = torch.zeros(3, 4, requires_grad=True)
    output = head_norm(x, torch.ones(4))
    output.sum().backward()
    assert torch.equal(output, torch.zeros(3, 4)) and x.grad.isfinite().all()


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
