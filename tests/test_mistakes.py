"""The layer of chapter 12 against three others, and ten mistakes, each told by its own signs."""

import math

import numpy as np
import pytest
import torch
from test_multi_head import as_diff_llama

from diffattn_mini import Config, DiffAttention, MiniGPT
from diffattn_mini.lab.experiments.mistakes import build, run_mistake, trained, word_by_word
from diffattn_mini.lab.mistakes import MISTAKES, PIECES, QUESTIONS, DiffGPT, DiffLayer, ask, rings

D, H, LAYER = 48, 4, 3  # four heads of two sub-heads of six


def layer(seed=0):
    torch.manual_seed(seed)
    one = DiffLayer(D, H, LAYER).double()
    torch.nn.init.normal_(one.norm.weight, 1, 0.3)
    return one


def text(T=9, seed=1):
    return torch.randn(2, T, D, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def authors(one, x):
    """Their layer from its formulas, in numpy: depth from 0, neighbouring sub-heads and features paired."""
    w = {name: p.detach().numpy() for name, p in one.named_parameters()}
    (B, T, _), d, depth = x.shape, D // H // 2, LAYER - 1
    start = 0.8 - 0.6 * math.exp(-0.3 * depth)
    lam = math.exp((w["lambda_q1"] * w["lambda_k1"]).sum()) - math.exp((w["lambda_q2"] * w["lambda_k2"]).sum()) + start
    q, k, v = (x.numpy() @ w[f"{name}_proj.weight"].T for name in "qkv")
    turns = np.exp(1j * np.arange(T)[:, None] / 10000 ** (np.arange(0, d, 2) / d))[:, None]  # (T, 1, d/2)
    out = np.zeros((B, T, D))
    for b in range(B):
        parts = []
        for y in (q[b], k[b]):
            z = y.reshape(T, 2 * H, d // 2, 2) @ [1, 1j] * turns
            parts.append(np.stack([z.real, z.imag], -1).reshape(T, 2 * H, d))
        for i in range(H):
            maps = []
            for j in (2 * i, 2 * i + 1):
                e = np.exp(parts[0][:, j] @ parts[1][:, j].T / math.sqrt(d)) * np.tri(T)
                maps.append(e / e.sum(1, keepdims=True))
            head = (maps[0] - lam * maps[1]) @ v[b, :, 2 * d * i : 2 * d * (i + 1)]
            head *= w["norm.weight"] / np.sqrt((head**2).mean(1, keepdims=True) + 1e-5)
            out[b, :, 2 * d * i : 2 * d * (i + 1)] = (1 - start) * head
    return torch.from_numpy(out @ w["o_proj.weight"].T)


def test_the_layer_equals_that_of_the_package_and_that_of_the_authors_from_the_same_weights():
    one, x = layer(), text()
    package = DiffAttention(D, H, LAYER, rope=True).double()
    package.load_state_dict(one.state_dict())
    torch.testing.assert_close(one(x), package(x), atol=1e-12, rtol=0)
    torch.testing.assert_close(one(x), authors(one, x), atol=1e-12, rtol=0)


def test_the_layer_equals_the_diff_llama_of_transformers():
    from transformers import DiffLlamaConfig
    from transformers.models.diffllama.modeling_diffllama import DiffLlamaAttention

    one, x, d = layer().float(), text().float(), D // H // 2
    torch.nn.init.ones_(one.norm.weight)  # theirs has none
    config = DiffLlamaConfig(hidden_size=D, num_attention_heads=2 * H, num_key_value_heads=2 * H, rms_norm_eps=1e-5,
                             attn_implementation="eager")  # fmt: skip
    theirs = DiffLlamaAttention(config, layer_idx=LAYER - 1)
    with torch.no_grad():
        for name, p in one.named_parameters():
            if name[:2] in ("q_", "k_", "v_"):
                p = as_diff_llama(p, d, rotated=name[0] != "v")
            if not name.startswith("norm"):
                theirs.get_parameter(name).copy_(p)
    angles = torch.arange(9)[:, None] * 10000.0 ** -(torch.arange(0, d, 2) / d)
    angles = torch.cat([angles, angles], dim=-1)[None]
    future = torch.full((9, 9), -math.inf).triu(1)[None, None]
    torch.testing.assert_close(one(x), theirs(x, (angles.cos(), angles.sin()), future)[0], atol=1e-6, rtol=0)


def test_the_model_equals_that_of_the_package_and_has_as_many_parameters():
    torch.manual_seed(0)
    config = Config(vocabulary=13, dim=D, n_heads=2 * H, n_layers=3, attention="diff")
    package, ours = MiniGPT(config).double(), DiffGPT(13, D, H, 3, config.width).double()
    state = {name.replace("embedding.tokens", "embedding").replace("mlp.", ""): weight
             for name, weight in package.state_dict().items() if name != "head.weight"}  # fmt: skip
    ours.load_state_dict(state)
    tokens = torch.randint(13, (2, 11))
    torch.testing.assert_close(ours(tokens), package(tokens), atol=1e-12, rtol=0)
    assert sum(p.numel() for p in ours.parameters()) == sum(p.numel() for p in package.parameters())


SIGNS = {
    "mask after": {"finite", "future", "rows", "twins", "size", "learned"},
    "mask added": {"future", "twins"},
    "norm over time": {"future", "size"},
    "subtracted first": {"rows", "twins"},
    "turned together": {"twins"},
    "wide lambda": {"lambda"},
    "lambda per head": {"one lambda", "parameters"},
    "lambda forgotten": {"learned"},
    "heads not halved": {"parameters"},
    "zero norm": {"size", "learned"},
}


def given_away(kind, **options):
    answers = ask(kind, **options)
    assert tuple(answers) == QUESTIONS
    return {name for name, x in answers.items() if rings(name, x)}


@pytest.mark.parametrize("seed", range(5))
def test_the_right_layer_rings_nothing_and_every_mistake_its_own_signs(seed):
    assert given_away(DiffLayer, seed=seed) == set()
    assert {name: given_away(kind, seed=seed) for name, kind in MISTAKES.items()} == SIGNS


@pytest.mark.parametrize("sizes", [dict(D=32, h=4, layer=1), dict(D=96, h=3, layer=6, T=5)])
def test_the_right_layer_rings_nothing_at_other_sizes(sizes):
    assert given_away(DiffLayer, **sizes) == set()


def test_every_piece_taken_out_shows_but_the_layer_itself():
    assert {name: given_away(kind) for name, kind in PIECES.items()} == {
        "diff": set(), "no norm": {"size"}, "no factor": {"size"}, "neither": {"size"}, "fixed lambda": {"learned"},
    }  # fmt: skip


def test_word_by_word_is_the_loss_of_a_model_that_sees_no_future_and_of_no_other():
    torch.manual_seed(0)
    batch = torch.randint(327, (2, 6)), torch.randint(327, (2, 6))

    def both(kind):
        model = build(kind, 0, 32, 2)
        with torch.no_grad():
            whole = torch.nn.functional.cross_entropy(model(batch[0]).flatten(0, 1), batch[1].flatten()).item()
        return whole, word_by_word(model, batch)

    assert both(DiffLayer)[0] == pytest.approx(both(DiffLayer)[1], abs=1e-5)
    assert abs(np.subtract(*both(MISTAKES["mask added"]))) > 1e-3


def test_a_model_that_says_nan_trains_no_step_and_its_record_says_so():
    record = run_mistake("mask after", 0, 1e-2, "test", steps=2, length=5, dim=32, n_layers=1)
    assert record["steps_done"] == 0 and record["history"] == [] and "loss" not in record
    assert trained(build(DiffLayer, 0, 32, 1), 0, 1e-2, 10, 5)[1] == 10
