"""The relatives of differential attention: each against its definition in loops, and where it becomes another."""

import copy
import math
import pickle
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from diffattn_mini import (
    DexAdapter,
    DiffAttention,
    DiffAttentionV2,
    KVCache,
    MultiHeadAttention,
    causal_mask,
    padding_mask,
)
from diffattn_mini.attention.family import (
    KINDS,
    CogAttention,
    DINTAttention,
    GatedAttention,
    GroupedDiffAttention,
    MeanAttention,
    NormedAttention,
    ScoredAttention,
    SelectiveAttention,
    SharedDiffAttention,
    SinkAttention,
    SoftpickAttention,
    TalkingHeadsAttention,
    make_attention,
    parameter_surplus,
)
from diffattn_mini.attention.forms import ROWS

B, T, DIM = 2, 7, 24

# The layers as they are compared: with shared keys where they can be
LAYERS = {
    "standard": lambda **o: MultiHeadAttention(DIM, 4, n_kv_heads=2, **o),
    "normed": lambda **o: NormedAttention(DIM, 4, n_kv_heads=2, **o),
    "cog": lambda **o: CogAttention(DIM, 4, n_kv_heads=2, **o),
    "softpick": lambda **o: SoftpickAttention(DIM, 4, n_kv_heads=2, **o),
    "sink": lambda **o: SinkAttention(DIM, 4, n_kv_heads=2, **o),
    "gated": lambda **o: GatedAttention(DIM, 4, n_kv_heads=2, **o),
    "gated by element": lambda **o: GatedAttention(DIM, 4, n_kv_heads=2, per="element", **o),
    "talking": lambda **o: TalkingHeadsAttention(DIM, 4, n_kv_heads=2, **o),
    "mean_maps": lambda **o: MeanAttention(DIM, 2, n_kv_heads=1, n_signals=3, **o),
    "mean of logits": lambda **o: MeanAttention(DIM, 2, n_kv_heads=1, n_signals=3, over="logits", **o),
    "shared": lambda **o: SharedDiffAttention(DIM, 2, n_kv_heads=1, rank=3, **o),
    "grouped": lambda **o: GroupedDiffAttention(DIM, 2, n_kv_heads=1, ratio=2, **o),
    "dint": lambda **o: DINTAttention(DIM, 2, n_kv_heads=1, **o),
    "selective": lambda **o: SelectiveAttention(DIM, 4, n_kv_heads=2, **o),
}


def layer(name, seed=0, **options):
    """With every weight at random, those included that start at zero or at the identity."""
    torch.manual_seed(seed)
    module = LAYERS[name](**options).double()
    with torch.no_grad():
        for weight in module.parameters():
            weight.add_(0.3 * torch.randn_like(weight))
    return module


def tokens(T=T, dim=DIM, seed=1):
    return torch.randn(B, T, dim, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


LENGTHS = np.array([7, 4])[:, None, None]
QUERY, KEY = np.arange(T)[:, None], np.arange(T)
WINDOW = np.broadcast_to((KEY <= QUERY) & (KEY > QUERY - 3), (B, T, T))
MASKS = {  # as the layer takes it, and who sees whom, (B, T, S)
    "causal": ("causal", np.broadcast_to(KEY <= QUERY, (B, T, T))),
    "none": (None, np.ones((B, T, T), dtype=bool)),
    "padding": (padding_mask(torch.tensor([7, 4]), T), np.broadcast_to(KEY < LENGTHS, (B, T, T))),
    "both": (padding_mask(torch.tensor([7, 4]), T) & causal_mask(T), (KEY < LENGTHS) & (KEY <= QUERY)),
    "window": (causal_mask(T) & ~causal_mask(T).tril(-3), WINDOW),
}


# Each kind written a second time: numpy, one query and one head after another


def softmax(s):
    e = np.exp(s - s.max())
    return e / e.sum()


def placed(module, y):
    """One part of a head, (T, d), turned by RoPE where the layer has it: features 2i and 2i + 1 as a complex number."""
    if not module.rope:
        return y
    angles = np.outer(np.arange(len(y)), 10000.0 ** -(np.arange(0, y.shape[1], 2) / y.shape[1]))
    pairs = (y[:, 0::2] + 1j * y[:, 1::2]) * np.exp(1j * angles)
    return np.stack([pairs.real, pairs.imag], axis=-1).reshape(y.shape)


def scores(module, x, h, d, part, parts):
    """s[b][i]: (T, T), of one part of the queries of head i with that part of the keys that it shares."""
    Q, K = (x @ p.weight.detach().numpy().T for p in (module.q_proj, module.k_proj))
    share = h // module.n_kv_heads

    def cut(y, i):
        return placed(module, y[:, (i * parts + part) * d : (i * parts + part + 1) * d])

    return [[cut(Q[b], i) @ cut(K[b], i // share).T / math.sqrt(d) for i in range(h)] for b in range(B)]


def by_rows(s, seen, row):
    """A map (B, h, T, T): row(scores of the visible keys, head) for each query, 0 elsewhere."""
    maps = np.zeros((B, len(s[0]), T, T))
    for b in range(B):
        for i in range(len(s[0])):
            for t in range(T):
                maps[b, i, t, seen[b, t]] = row(s[b][i][t, seen[b, t]], i)
    return maps


def plain_scores(module, x):
    return scores(module, x, module.n_heads, module.head_dim, 0, 1)


def cog(module, x, seen):
    def row(s, i):
        e = np.exp(np.abs(s))
        return np.sign(s) * e / e.sum()

    return by_rows(plain_scores(module, x), seen, row)


def softpick(module, x, seen):
    def row(s, i):
        e = np.expm1(s)
        return np.maximum(e, 0) / (np.abs(e).sum() + module.eps * np.exp(max(s.max(), 0)))

    return by_rows(plain_scores(module, x), seen, row)


def sink(module, x, seen):
    def row(s, i):
        return np.exp(s) / (np.exp(module.sink[i].item()) + np.exp(s).sum())

    return by_rows(plain_scores(module, x), seen, row)


def ordinary(module, x, seen):
    return by_rows(plain_scores(module, x), seen, lambda s, i: softmax(s))


def talking(module, x, seen):
    P, R = module.mix_scores.detach().numpy(), module.mix_weights.detach().numpy()
    s = plain_scores(module, x)
    mixed = [[sum(P[i, j] * s[b][j] for j in range(4)) for i in range(4)] for b in range(B)]
    maps = by_rows(mixed, seen, lambda s, i: softmax(s))
    return np.stack([sum(R[i, j] * maps[:, j] for j in range(4)) for i in range(4)], axis=1)


def mean_of_signals(module, x, seen):
    s = [scores(module, x, 2, 4, part, 3) for part in range(3)]
    if module.over == "maps":
        return sum(by_rows(one, seen, lambda s, i: softmax(s)) for one in s) / 3
    means = [[sum(one[b][i] for one in s) / 3 for i in range(2)] for b in range(B)]
    return by_rows(means, seen, lambda s, i: softmax(s))


def pair(module, x, seen):
    """A1 and A2 of differential attention, (B, h, T, T) each."""
    s = [scores(module, x, module.n_heads, module.head_dim, part, 2) for part in (0, 1)]
    return [by_rows(one, seen, lambda s, i: softmax(s)) for one in s]


def shared(module, x, seen):
    maps = []
    for i in (0, 1):
        Q, K = (
            x @ (p.weight + p.up[i].weight @ p.down.weight[3 * i : 3 * i + 3]).detach().numpy().T
            for p in (module.q_proj, module.k_proj)
        )
        Q = [[placed(module, Q[b][:, 6 * j : 6 * j + 6]) for j in (0, 1)] for b in range(B)]
        s = [[q @ placed(module, K[b]).T / math.sqrt(6) for q in Q[b]] for b in range(B)]
        maps.append(by_rows(s, seen, lambda s, i: softmax(s)))
    return maps[0] - module.lam.item() * maps[1]


def grouped(module, x, seen):
    s = [scores(module, x, 2, 4, part, 3) for part in range(3)]
    first, second, noise = (by_rows(one, seen, lambda s, i: softmax(s)) for one in s)
    heads = [first[:, 0], second[:, 0], first[:, 1], second[:, 1]]
    return np.stack([heads[i] - module.lam.item() * noise[:, i // 2] for i in range(4)], axis=1)


def dint(module, x, seen):
    first, second = pair(module, x, seen)
    mean = np.zeros_like(first)
    for b, i, t in np.ndindex(B, 2, T):
        rows = [first[b, i, s] for s in range(T) if s == t or seen[b, t, s]]
        mean[b, i, t] = sum(rows) / len(rows) * seen[b, t]
        mean[b, i, t] /= mean[b, i, t].sum()  # 1 but for the window
    return first - module.lam.item() * second + module.lam.item() * mean


def selective(module, x, seen):
    s = plain_scores(module, x)
    for b in range(B):
        chosen, total = s[b][0].copy(), np.zeros((T, T))
        for t in range(T):
            for i in range(t):
                for j in range(1, T):
                    if seen[b, t, i] and seen[b, i, j] and i != j:
                        total[t, j] += max(chosen[i, j], 0)
        s[b] = [head - total for head in s[b]]
    return by_rows(s, seen, lambda s, i: softmax(s))


REFERENCES = {
    "standard": ordinary, "normed": ordinary, "cog": cog, "softpick": softpick, "sink": sink, "gated": ordinary,
    "gated by element": ordinary, "talking": talking, "mean_maps": mean_of_signals, "mean of logits": mean_of_signals,
    "shared": shared, "grouped": grouped, "dint": dint, "selective": selective,
}  # fmt: skip


def gates(module, x):
    """(B, T, h, d), ones where there is no gate."""
    d = DIM // module.n_heads
    if not isinstance(module, GatedAttention):
        return np.ones((B, x.shape[1], 1, 1))
    gate = 1 / (1 + np.exp(-x @ module.gate_proj.weight.detach().numpy().T))
    return gate.reshape(B, x.shape[1], module.n_heads, -1) * np.ones(d)


def normed(heads, module):
    """(B, T, h, e): each head divided by its root mean square, where the layer has a norm."""
    if not isinstance(module, DiffAttention | NormedAttention):
        return heads
    rms = np.sqrt((heads**2).mean(-1, keepdims=True) + module.norm.eps)
    factor = 1 - module.lambda_init if isinstance(module, DiffAttention) else 1
    return heads / rms * module.norm.weight.detach().numpy() * factor


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("rope", [False, True])
@pytest.mark.parametrize("name", LAYERS)
def test_each_kind_equals_its_definition_written_in_loops(name, rope, mask):
    module, x = layer(name, rope=rope), tokens()
    (given, seen), numbers = MASKS[mask], x.numpy()
    maps = REFERENCES[name](module, numbers, seen)  # (B, h, T, S)
    V = numbers @ module.v_proj.weight.detach().numpy().T
    h, r, share = maps.shape[1], getattr(module, "ratio", 1), module.n_heads // module.n_kv_heads
    e = module.o_proj.in_features // h
    heads = np.zeros((B, T, h, e))
    for i in range(h):
        j = i // r // share * r + i % r  # of a group of r heads, the i-th has the i-th values
        heads[:, :, i] = np.einsum("bts,bse->bte", maps[:, i], V[..., j * e : (j + 1) * e])
    heads = normed(heads, module) * gates(module, numbers)
    expected = heads.reshape(B, T, -1) @ module.o_proj.weight.detach().numpy().T
    output, weights = module(x, given, return_weights=True)
    tolerance = dict(atol=1e-11, rtol=0)
    np.testing.assert_allclose(weights.detach(), maps, **tolerance)
    np.testing.assert_allclose(output.detach(), expected, **tolerance)
    assert (weights.detach().numpy()[np.broadcast_to(~seen[:, None], maps.shape)] == 0).all()


# Where a relative becomes another


def twin(module):
    """An ordinary layer with the same projections."""
    other = MultiHeadAttention(DIM, module.n_heads, module.n_kv_heads).double()
    other.load_state_dict({n: w for n, w in module.state_dict().items() if "proj" in n and "gate" not in n})
    return other


def same(module, other, factor=1.0):
    x = tokens()
    for mask, _ in MASKS.values():
        torch.testing.assert_close(module(x, mask), factor * other(x, mask))


def test_a_talking_head_that_hears_itself_alone_is_ordinary():
    torch.manual_seed(0)
    module = TalkingHeadsAttention(DIM, 4, n_kv_heads=2).double()
    same(module, twin(module))


def test_with_a_sink_of_minus_infinity_it_is_ordinary_and_at_zero_it_is_off_by_one():
    module = layer("sink")
    with torch.no_grad():
        module.sink.fill_(-math.inf)
    same(module, twin(module))
    fixed = SinkAttention(DIM, 4, n_kv_heads=2, learned=False).double()
    assert sum(p.numel() for p in fixed.parameters()) == sum(p.numel() for p in twin(fixed).parameters())
    scores = torch.randn(1, 4, 3, 5, dtype=torch.float64)
    off_by_one = scores.exp() / (1 + scores.exp().sum(-1, keepdim=True))
    torch.testing.assert_close(fixed.weigh(scores, None), off_by_one)


@pytest.mark.parametrize("per", ["head", "element"])
def test_a_gate_without_weights_is_half_open_and_a_large_one_open(per):
    module = GatedAttention(DIM, 4, per=per).double()
    nn.init.zeros_(module.gate_proj.weight)
    same(module, twin(module), 0.5)
    x = tokens().abs() + 1
    nn.init.constant_(module.gate_proj.weight, 100.0)
    torch.testing.assert_close(module(x), twin(module)(x))


@pytest.mark.parametrize("over", ["maps", "logits"])
def test_the_mean_of_one_signal_is_ordinary(over):
    module = MeanAttention(DIM, 4, n_signals=1, over=over).double()
    same(module, twin(module))


def test_the_mean_of_logits_only_makes_ordinary_attention_softer():
    module = MeanAttention(DIM, 2, n_signals=3, over="logits").double()
    other = twin(module)
    with torch.no_grad():
        other.q_proj.weight /= math.sqrt(3)
    same(module, other)


def test_cog_attention_with_positive_scores_is_softmax_and_the_sizes_of_a_row_always_sum_to_one():
    scores = torch.randn(2, 4, 5, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    module = CogAttention(DIM, 4)
    torch.testing.assert_close(module.weigh(scores.abs(), None), scores.abs().softmax(-1))
    weights = module.weigh(scores, "causal")
    assert (weights.sign() == scores.sign().tril()).all()
    torch.testing.assert_close(weights.abs().sum(-1), torch.ones(2, 4, 5, dtype=torch.float64))


def test_a_softpick_row_sums_to_at_most_one_and_to_zero_where_no_score_is_positive():
    module = SoftpickAttention(DIM, 4)
    scores = 3 * torch.randn(2, 4, 50, 50, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    sums = module.weigh(scores, "causal").sum(-1)
    assert sums.max() <= 1 and sums.min() >= 0
    nothing = ~(scores.tril() > 0).any(-1)
    assert nothing.any() and (sums[nothing] == 0).all() and (sums[~nothing] > 0).all()
    assert (module.weigh(-scores.abs(), None) == 0).all()
    far = torch.full((1, 4, 2, 2), -1e4, dtype=torch.float64, requires_grad=True)
    module.weigh(far, None).sum().backward()
    assert (far.grad == 0).all()


def test_two_shared_projections_without_changes_leave_one_minus_lambda_of_one_map():
    module = layer("shared")
    with torch.no_grad():
        for projection in (module.q_proj, module.k_proj):
            for up in projection.up:
                up.weight.zero_()
    x = tokens()
    q, k = x @ module.q_proj.weight.T, x @ module.k_proj.weight.T
    plain = (q.unflatten(-1, (2, 6)).transpose(1, 2) @ k[:, None].mT / math.sqrt(6)).softmax(-1)
    torch.testing.assert_close(module(x, None, return_weights=True)[1], (1 - module.lam) * plain)


@pytest.mark.parametrize("n_kv_heads", [1, 2])
def test_groups_of_one_signal_and_one_noise_are_differential_attention(n_kv_heads):
    torch.manual_seed(0)
    other = DiffAttention(DIM, 2, layer=3, n_kv_heads=n_kv_heads, rope=True).double()
    module = GroupedDiffAttention(DIM, 2, layer=3, n_kv_heads=n_kv_heads, ratio=1, rope=True).double()
    module.load_state_dict(other.state_dict())
    same(module, other)


def test_a_mask_of_groups_hides_keys_from_every_map_of_its_group():
    module, x = layer("grouped"), tokens()
    mask = torch.ones(1, 2, T, T, dtype=torch.bool)
    mask[:, 1, :, 2] = False
    hidden = (module(x, mask, return_weights=True)[1][..., 2] == 0).all(-1).all(0)
    assert hidden.tolist() == [False, False, True, True]


def test_where_nothing_is_selected_selective_attention_is_ordinary():
    torch.manual_seed(0)
    module = SelectiveAttention(DIM, 4, n_kv_heads=2).double()
    with torch.no_grad():
        module.q_proj.weight[: DIM // 4] = 0  # the first head scores 0 everywhere
    same(module, twin(module))


def test_only_what_the_first_head_may_see_is_selected_for_all():
    module, x = layer("selective"), tokens()
    mask = causal_mask(T).repeat(1, 4, 1, 1)
    mask[:, 0, :, 2] = False  # the first head never sees token 2, so nobody is told to look there less
    weights = module(x, mask, return_weights=True)[1][:, 1:]
    s = plain_scores(module, x.numpy())
    for b in range(B):
        column = s[b][0][:, 2].copy()
        s[b][0][:, 2] = 0
        total = np.cumsum(np.pad(np.tril(np.maximum(s[b][0], 0), -1) * (KEY > 0), ((1, 0), (0, 0)))[:-1], axis=0)
        s[b][0][:, 2] = column
        s[b] = [head - total for head in s[b]]
    expected = by_rows(s, MASKS["causal"][1], lambda s, i: softmax(s))[:, 1:]
    np.testing.assert_allclose(weights.detach(), expected, atol=1e-11)


def test_selection_by_hand():
    """Token 2 says 5 of token 1: token 3 then looks there less. Its word on 0 and on itself is void."""
    scores = torch.zeros(1, 2, 4, 4)
    scores[0, 0, 2] = torch.tensor([7.0, 5.0, 7.0, 7.0])
    weights = SelectiveAttention(8, 2).weigh(scores, "causal")
    share = 1 / (3 + math.exp(-5))
    expected = torch.tensor([[1, 0, 0, 0], [0.5, 0.5, 0, 0], [1 / 3, 1 / 3, 1 / 3, 0],
                             [share, share * math.exp(-5), share, share]])  # fmt: skip
    torch.testing.assert_close(weights[0, 1], expected)


@pytest.mark.parametrize("mask", MASKS)
def test_dint_rows_sum_to_one_and_without_a_mask_the_integral_is_the_mean_of_the_columns(mask):
    module, x = layer("dint"), tokens()
    given, seen = MASKS[mask]
    weights = module(x, given, return_weights=True)[1]
    torch.testing.assert_close(weights.sum(-1), torch.ones(B, 2, T, dtype=torch.float64))
    if mask == "none":
        first, second = (torch.from_numpy(a) for a in pair(module, x.numpy(), seen))
        paper = first - module.lam * second + module.lam * first.mean(-2, keepdim=True)
        torch.testing.assert_close(weights, paper)


class LeakyDINT(DINTAttention):
    """The mean of the columns over all rows, later ones included: rows sum to one, and the future shows."""

    def rows_before(self, maps, mask):
        return maps.sum(-2, keepdim=True) - maps


def past_moved(module, x, t):
    """How much the rows before t change when the tokens from t on do."""
    future = 30 * torch.randn(x[:, t:].shape, dtype=x.dtype, generator=torch.Generator().manual_seed(t))
    changed = torch.cat([x[:, :t], future], dim=1)
    return (module(changed) - module(x))[:, :t].abs().max().item()


def test_the_plain_mean_of_the_columns_leaks_and_the_causal_one_does_not():
    module = layer("dint")
    leaky = LeakyDINT(DIM, 2, n_kv_heads=1).double()
    leaky.load_state_dict(module.state_dict())
    sums = leaky(tokens(), return_weights=True)[1].sum(-1)
    torch.testing.assert_close(sums, torch.ones_like(sums))
    assert min(past_moved(leaky, tokens(), t) for t in range(1, T)) > 1e-3
    assert max(past_moved(module, tokens(), t) for t in range(1, T)) < 1e-14


@pytest.mark.parametrize("name", ["dint", "selective"])
def test_queries_to_a_context_stand_alone_and_leave_nothing_behind(name):
    module, x, context = layer(name), tokens(), tokens(T=5, seed=3)
    before, alone = module(x), module(x, None, context=context)
    for t in range(T):
        torch.testing.assert_close(module(x[:, t : t + 1], None, context=context), alone[:, t : t + 1])
    torch.testing.assert_close(module(x), before)


# What holds of every kind


def adapted(rope, dim=32):
    """An adapter in the middle of its training."""
    module = DexAdapter(MultiHeadAttention(dim, 4, rope=rope), torch.tensor([True, False, False, True]), 10, layer=2)
    for _ in range(5):
        module.advance()
    return module


FORMS = {
    f"{name} {form}": partial(kind, 32, n_heads, form=form)
    for name, kind, n_heads in (("diff", DiffAttention, 2), ("diff2", DiffAttentionV2, 4))
    for form in ("maps", "padded", "blocked")
}
VARIANTS = {  # that no name in KINDS reaches
    "gated by element": partial(GatedAttention, 32, 4, per="element"),
    "mean of logits": partial(MeanAttention, 32, 2, over="logits"),
    "scored": partial(ScoredAttention, 32, 4),
    "dex": adapted,
}
EVERY = {kind: partial(make_attention, kind, 32, 4, layer=2) for kind in KINDS} | VARIANTS | FORMS
WIDE = {kind: partial(make_attention, kind, 128, 4) for kind in KINDS} | {
    name: partial(make.func, 128, *make.args[1:], **make.keywords)
    for name, make in (VARIANTS | FORMS).items() if name != "dex"
} | {"dex": lambda rope: adapted(rope, 128)}  # fmt: skip
SAME = {torch.float32: 1e-6, torch.float64: 1e-14}


def ready(kind, dtype=torch.float64, rope=True):
    torch.manual_seed(0)
    return EVERY[kind](rope=rope).to(dtype)


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize("dtype", SAME)
@pytest.mark.parametrize("rope", [False, True])
def test_a_change_of_the_future_changes_no_row_before_it(kind, dtype, rope):
    module, x = ready(kind, dtype, rope), tokens(dim=32).to(dtype)
    assert max(past_moved(module, x, t) for t in range(1, T)) < SAME[dtype]
    changed = x.clone()
    changed[:, 4] += 1
    assert not torch.allclose(module(changed)[:, 5:], module(x)[:, 5:])  # but the past is seen


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("dtype", SAME)
def test_no_form_sees_the_future_across_its_blocks_of_rows(name, dtype):
    module, x = ready(name, dtype), tokens(T=ROWS + 34, dim=32).to(dtype)
    changes = (1, 33, ROWS - 1, ROWS, ROWS + 1, ROWS + 33)  # the first and the last row, and both sides of a block
    assert max(past_moved(module, x, t) for t in changes) < SAME[dtype]


@pytest.mark.parametrize("kind", KINDS)
def test_padding_changes_nothing_and_a_cache_changes_nothing(kind):
    module, x, cache = ready(kind), tokens(dim=32), KVCache()
    padded = torch.cat([x, 1e3 * torch.randn(B, 3, 32, dtype=x.dtype)], dim=1)
    torch.testing.assert_close(module(padded, padding_mask(torch.tensor([7, 7]), 10))[:, :7], module(x, None))
    parts = [module(part, cache=cache) for part in x.split([3, 1, 2, 1], dim=1)]
    torch.testing.assert_close(torch.cat(parts, dim=1), module(x))


@pytest.mark.parametrize("kind", EVERY)
def test_a_cache_may_be_reordered_and_cut(kind):
    module, x, cache, order = ready(kind), tokens(dim=32), KVCache(), torch.tensor([1, 1, 0])
    module(x[:, :5], cache=cache)
    cache.k, cache.v = cache.k[order, :, :4], cache.v[order, :, :4]
    beams = x[order]
    torch.testing.assert_close(module(beams[:, 4:], cache=cache), module(beams)[:, 4:])


@torch.no_grad()
@pytest.mark.parametrize("kind", KINDS)
def test_a_cache_in_the_wrong_place_is_refused_and_keeps_what_it_holds(kind):
    module, x, cache = ready(kind), tokens(dim=32), KVCache()
    module(x[:, :3], cache=cache)
    held = cache.k.clone()
    twin = copy.deepcopy(module)
    refused = [
        (lambda: twin(x, cache=cache), "cache holds the keys of another layer"),
        (lambda: module(x[:1], cache=cache), "x is of 1 texts"),
        (lambda: module(x, cache=half_reordered(cache)), "x is of 2 texts"),
        (lambda: twin.float()(x.float(), cache=copy.deepcopy(cache)), "cache.k is of .* the next tokens of"),
    ]
    for call, says in refused:
        with pytest.raises(ValueError, match=says):
            call()
    with pytest.raises(TypeError, match="cache must be a KVCache, not list"):
        module(x, cache=[cache])
    assert torch.equal(cache.k, held)
    fork = pickle.loads(pickle.dumps(cache))  # a copy is anybody's, and goes its own way
    torch.testing.assert_close(twin.double()(x[:, 3:], cache=copy.deepcopy(cache)), module(x)[:, 3:])
    torch.testing.assert_close(module(x[:, 3:], cache=fork), module(x)[:, 3:])
    torch.testing.assert_close(module(x[:, 3:], cache=cache), module(x)[:, 3:])


def half_reordered(cache):
    """Its keys belong to three texts, its values still to two."""
    other = copy.deepcopy(cache)
    other.k = other.k[[0, 0, 1]]
    return other


def top_score(module, x):
    """The largest score, in size, of any part of a head's queries with any part of its keys."""
    q = module.split(module.q_proj(x), module.n_heads).unflatten(-1, (-1, module.head_dim))  # (B, h, T, parts, d)
    k = module.share(module.split(module.k_proj(x), module.n_kv_heads)).unflatten(-1, (-1, module.head_dim))
    return torch.einsum("bhtpd,bhsrd->bhtspr", q, k).abs().max().item() / math.sqrt(module.head_dim)


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_in_half_precision_scores_are_divided_by_the_root_before_they_overflow(kind, dtype):
    """q . k = 102,400 a part of a head or more is beyond float16, divided by sqrt(d) it is not. All tokens are alike,
    so that no rounding of a score moves a weight."""
    torch.manual_seed(0)
    module, x = WIDE[kind](rope=False), torch.full((1, 6, 128), 80.0)
    with torch.no_grad():
        for name, weight in module.named_parameters():
            if name in ("q_proj.weight", "k_proj.weight", "v_proj.weight", "o_proj.weight"):
                nn.init.eye_(weight)
    assert top_score(module, x) < 65504 < top_score(module, x) * math.sqrt(module.head_dim)
    for mask in ("causal", None):
        exact = module.double()(x.double(), mask)
        module.to(dtype)
        for came in (module(x.to(dtype), mask), module(x.to(dtype), mask, return_weights=True)[0]):
            assert came.dtype == dtype
            torch.testing.assert_close(came.double(), exact, rtol=0.02, atol=0.02 * exact.abs().max().item())


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("mask", ["causal", None])
@pytest.mark.parametrize("return_weights", [False, True])
def test_logits_of_ten_thousand_give_finite_outputs_and_gradients(kind, dtype, mask, return_weights):
    module, x = ready(kind, dtype), tokens(dim=32).to(dtype)
    with torch.no_grad():
        x = x * (1e4 / top_score(module, x)) ** 0.5
        assert top_score(module, x) == pytest.approx(1e4, rel=1e-3)
    x.requires_grad_()
    output, *weights = module(x, mask, return_weights=True) if return_weights else (module(x, mask),)
    output.square().sum().backward()
    assert all(y.isfinite().all() for y in (output, x.grad, *weights))
    assert all(p.grad.isfinite().all() for p in module.parameters() if p.requires_grad)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_agree_with_finite_differences(kind):
    torch.manual_seed(0)
    module = make_attention(kind, 16, 4, rope=True).double()
    x = torch.randn(1, 4, 16, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(module, (x,), fast_mode=True)


@pytest.mark.parametrize("kind", KINDS)
def test_nan_is_refused(kind):
    with pytest.raises(ValueError, match="x holds NaN"):
        ready(kind)(tokens(dim=32) * math.nan)


def test_parameters_beyond_those_of_an_ordinary_layer_by_formula():
    """Width D, h heads of width d = D / h."""
    D, h, d = 96, 4, 24
    surplus = {
        "cog": 0, "softpick": 0, "sink": h, "off_by_one": 0, "gated": h * D, "talking": 2 * h * h, "mean_maps": 0,
        "selective": 0, "dint": 4 * d + 2 * d, "grouped": 4 * d + 32, "shared": 4 * d + 2 * d,
    }  # fmt: skip
    assert {kind: parameter_surplus(kind, D, h) for kind in surplus} == surplus
    # 64 is not divisible by 3 signal heads nor by 6: values of width 21, changes of rank 10
    assert parameter_surplus("grouped", 64, 4) == 2 * 64 * (3 * 21 - 64) + 4 * 16 + 21
    assert parameter_surplus("shared", 64, 4) == 6 * 10 * 64 - 64**2 + 4 * 16 + 32


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: GatedAttention(DIM, 4, per="token"), "per='token'; choose from head, element"),
        (lambda: MeanAttention(DIM, 4, over="values"), "over='values'; choose from maps, logits"),
        (lambda: MeanAttention(DIM, 4, n_signals=0), "n_signals must be a whole number from 1 on; it is 0"),
        (lambda: MeanAttention(DIM, 4, n_signals=4), r"not divisible by 4 \* n_heads = 16"),
        (lambda: make_attention("mean_maps", 30, 3), "n_heads=3 is odd"),
        (lambda: make_attention("grouped", 32, 2), "n_heads=2 does not divide .* choose 4"),
        (lambda: GroupedDiffAttention(DIM, 2, ratio=0), "ratio must be a whole number from 1 on; it is 0"),
        (lambda: SharedDiffAttention(DIM, 2, rank=1.5), "rank must be a whole number from 1 on; it is 1.5"),
    ],
)
def test_choices_that_do_not_exist_are_refused(make, says):
    with pytest.raises(ValueError, match=says):
        make()
