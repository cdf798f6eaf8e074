"""Dex: a trained layer that learns to subtract. It starts as it was, and what it learns fits into W_O."""

import math

import pytest
import torch
from torch import nn

from diffattn_mini import Config, DiffAttention, KVCache, MiniGPT, MultiHeadAttention, lambda_init, padding_mask
from diffattn_mini.attention.dex import DexAdapter, add_dex, select_heads


def attention(seed=0, **options):
    torch.manual_seed(seed)
    return MultiHeadAttention(24, 4, n_kv_heads=2, rope=True, **options).double()


def tokens(seed=1):
    return torch.randn(2, 7, 24, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


HEADS = torch.tensor([True, False, False, True])


def adapter(t=0, steps=10, **options):
    module = DexAdapter(attention(**options), HEADS, steps, layer=3)
    for _ in range(t):
        module.advance()
    return module


def test_at_the_start_the_layer_says_exactly_what_it_said():
    module, plain, x = adapter(), attention(), tokens()
    mask = padding_mask(torch.tensor([7, 4]), 7)
    assert torch.equal(module(x), plain(x)) and torch.equal(module(x, mask), plain(x, mask))
    assert not torch.allclose(adapter(1)(x), plain(x))  # but not for long


def test_lambda_follows_its_schedule():
    module = adapter()
    with torch.no_grad():
        module.lambda_learned.fill_(-0.7)
    for t in range(25):
        a = min(1, t / 10)
        assert module.lam.item() == pytest.approx((1 - a) * t / 10 * lambda_init(3) + a * -0.7, abs=1e-12)
        module.advance()


@pytest.mark.parametrize("t", [4, 10])
def test_the_layer_equals_its_definition_written_in_loops(t):
    module, plain, x = adapter(t), attention(), tokens()
    said = []
    plain.o_proj.register_forward_pre_hook(lambda _, args: said.append(args[0]))
    plain(x)
    heads, W_D = said[0].detach().clone(), module.d_proj.weight.T
    lam = (1 - t / 10) * t / 10 * lambda_init(3) + t / 10 * lambda_init(3)
    for b in range(2):
        for i in (0, 3):
            for s in range(7):
                head = heads[b, s, 6 * i : 6 * i + 6].clone()
                heads[b, s, 6 * i : 6 * i + 6] = head - lam * head @ W_D
    torch.testing.assert_close(module(x), heads @ plain.o_proj.weight.T)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("t", [0, 4, 10])
def test_what_is_learned_fits_into_the_output_projection(t, bias):
    module, x = adapter(t, bias=bias), tokens()
    layer = module.absorbed()
    assert type(layer) is MultiHeadAttention
    torch.testing.assert_close(layer(x), module(x))
    torch.testing.assert_close(layer(x[:, :3], None, context=x), module(x[:, :3], None, context=x))
    for name in ("q_proj", "k_proj", "v_proj"):
        assert torch.equal(getattr(layer, name).weight, getattr(module, name).weight)
    blocks = [torch.eye(6, dtype=torch.float64) - module.lam * chosen * module.d_proj.weight.T for chosen in HEADS]
    torch.testing.assert_close(layer.o_proj.weight.T, torch.block_diag(*blocks) @ module.o_proj.weight.T)
    with torch.no_grad():
        layer.o_proj.weight.zero_()  # a copy
    assert module.o_proj.weight.abs().max() > 0


def test_a_cache_changes_nothing():
    module, x, cache = adapter(5), tokens(), KVCache()
    parts = [module(part, cache=cache) for part in x.split([3, 1, 3], dim=1)]
    torch.testing.assert_close(torch.cat(parts, dim=1), module(x))


@pytest.mark.parametrize("h", [1, 2, 5, 8])
def test_the_heads_with_the_highest_entropy_are_chosen(h):
    generator = torch.Generator().manual_seed(h)
    sharpness = torch.rand(h, 1, 1, generator=generator) * 5  # some heads look at one token, some at all
    scores = sharpness * torch.randn(3, h, 6, 6, generator=generator)
    weights = scores.masked_fill(~torch.ones(6, 6, dtype=torch.bool).tril(), -math.inf).softmax(-1)
    entropy = []
    for i in range(h):
        total = 0.0
        for p in weights[:, i].flatten().tolist():
            total -= p * math.log(p) if p > 0 else 0
        entropy.append(total)
    best = sorted(range(h), key=lambda i: -entropy[i])[: max(h // 2, 1)]
    assert select_heads(weights).nonzero().flatten().tolist() == sorted(best)


def test_in_a_model_gradients_arrive_only_where_stated_and_training_changes_nothing_else():
    torch.manual_seed(0)
    model, text = MiniGPT(Config(13, 32, 4)).double(), torch.randint(13, (4, 9))
    before = model(text).detach()
    maps = []
    hook = model.blocks[1].norm1.register_forward_hook(lambda _, args, y: maps.append(
        model.blocks[1].attention(y, return_weights=True)[1]))  # fmt: skip
    model(text), hook.remove()
    adapters = add_dex(model, text, steps=5)
    assert torch.equal(model(text), before)
    assert torch.equal(adapters[1].heads, select_heads(maps[0])) and adapters[1].heads.sum() == 2
    names = ("k_proj.weight", "v_proj.weight", "o_proj.weight", "d_proj.weight", "lambda_learned")
    stated = {f"blocks.{i}.attention.{name}" for i in (0, 1) for name in names}
    old = {name: p.detach().clone() for name, p in model.named_parameters()}
    trained = [p for module in adapters for p in module.trained_parameters()]
    assert len(trained) == len(stated)
    optimiser = torch.optim.SGD(trained, lr=0.1)
    losses = []
    for _ in range(8):
        for module in adapters:
            module.advance()
        loss = nn.functional.cross_entropy(model(text)[:, :-1].flatten(0, 1), text[:, 1:].flatten())
        optimiser.zero_grad(), loss.backward(), optimiser.step()
        losses.append(loss.item())
        assert {name for name, p in model.named_parameters() if p.grad is not None} == stated
    assert {name for name, p in model.named_parameters() if not torch.equal(p, old[name])} == stated
    assert losses[-1] < losses[0]


def test_a_lone_adapter_trains_everything_but_the_queries():
    module = adapter(5)
    module(tokens()).square().sum().backward()
    assert [name for name, p in module.named_parameters() if p.grad is None] == ["q_proj.weight"]
    assert all(p.grad.abs().max() > 0 for p in module.trained_parameters())


def test_where_the_sample_is_refused_the_model_stays_as_it_was():
    model = MiniGPT(Config(5))
    with pytest.raises(ValueError, match="tokens must lie in"):
        add_dex(model, torch.full((1, 3), 7), steps=5)
    assert type(model.blocks[0].attention) is MultiHeadAttention and not model.blocks[0].attention._forward_hooks
    assert all(p.requires_grad for p in model.parameters())


def test_an_adapted_model_can_be_saved_in_the_middle_of_training_and_loaded():
    torch.manual_seed(0)
    model, text = MiniGPT(Config(13, 32, 4)), torch.randint(13, (2, 9))
    for module in add_dex(model, text, steps=5):
        module.advance(), module.advance()
    other = MiniGPT(Config(13, 32, 4))
    add_dex(other, text, steps=5)
    other.load_state_dict(model.state_dict())
    assert torch.equal(other(text), model(text))


REFUSED = {
    "another kind": (lambda: DexAdapter(DiffAttention(24, 2), HEADS, 5), TypeError, "attention is DiffAttention"),
    "an adapter": (lambda: DexAdapter(adapter(), HEADS, 5), TypeError, "attention is DexAdapter"),
    "a model of another kind": (lambda: add_dex(MiniGPT(Config(5, attention="diff")), torch.zeros(1, 3).long(), 5),
                                TypeError, "attention is DiffAttention"),
    "numbers for heads": (lambda: DexAdapter(attention(), HEADS.long(), 5), TypeError, "it is torch.int64"),
    "a list of heads": (lambda: DexAdapter(attention(), [True] * 4, 5), TypeError, "it is list"),
    "too few heads": (lambda: DexAdapter(attention(), HEADS[:2], 5), ValueError, r"heads has shape \(2,\)"),
    "no steps": (lambda: DexAdapter(attention(), HEADS, 0), ValueError, "steps must be a whole number from 1 on"),
    "layer 0": (lambda: DexAdapter(attention(), HEADS, 5, layer=0), ValueError, "layer counts from 1"),
    "negative weights": (lambda: select_heads(torch.full((1, 2, 3, 3), -0.1)), ValueError, r"lie in \[0, 1\]"),
    "weights that are NaN": (lambda: select_heads(torch.full((1, 2, 3, 3), math.nan)), ValueError, r"lie in \[0, 1\]"),
    "weights of one head": (lambda: select_heads(torch.ones(2, 3, 3)), ValueError, r"\(B, h, T, S\) is expected"),
    "integers for weights": (lambda: select_heads(torch.ones(1, 2, 3, 3).long()), TypeError, "it is torch.int64"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_adapted_is_refused(what):
    make, error, says = REFUSED[what]
    with pytest.raises(error, match=says):
        make()
