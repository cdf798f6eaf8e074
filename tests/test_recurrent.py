"""Recurrent networks: equal to those of torch, additive attention to its formula, searches to brute force."""

import itertools
import math

import pytest
import torch
from torch import nn

from diffattn_mini import Config, EncoderDecoder, translate
from diffattn_mini.models.recurrent import AdditiveAttention, Recurrent, Seq2Seq

THEIRS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


def pair(kind, dtype):
    """Ours and that of torch, with the same weights."""
    torch.manual_seed(0)
    ours, theirs = Recurrent(kind, 5, 7).to(dtype), THEIRS[kind](5, 7, batch_first=True).to(dtype)
    theirs.load_state_dict({f"{name}_l0": weight for name, weight in ours.cell.state_dict().items()})
    return ours, theirs


@pytest.mark.parametrize("kind", THEIRS)
@pytest.mark.parametrize("started", [False, True])
@pytest.mark.parametrize(("dtype", "tolerance", "of_gradients"),
                         [(torch.float32, 1e-6, 5e-6), (torch.float64, 1e-14, 1e-13)])  # fmt: skip
def test_states_and_gradients_equal_those_of_torch(kind, started, dtype, tolerance, of_gradients):
    """From zeros, and from a state of one's own: for an LSTM h0 and c0 side by side."""
    ours, theirs = pair(kind, dtype)
    x = torch.randn(3, 11, 5, dtype=dtype, requires_grad=True)
    first = torch.randn(3, 14 if kind == "lstm" else 7, dtype=dtype, requires_grad=True) if started else None
    h0 = None
    if started:
        h0 = tuple(part.contiguous() for part in first[None].chunk(2, dim=-1)) if kind == "lstm" else first[None]
    states, last = ours(x, state=first)
    expected, end = theirs(x, h0)
    end = torch.cat([part[0] for part in end], dim=-1) if kind == "lstm" else end[0]
    torch.testing.assert_close(states, expected, atol=tolerance, rtol=0)
    torch.testing.assert_close(last, end, atol=tolerance, rtol=0)
    weight = torch.randn_like(states)
    inputs = [x, first] if started else [x]
    mine = torch.autograd.grad((states * weight).sum(), [*inputs, *ours.cell.parameters()])
    other = torch.autograd.grad((expected * weight).sum(), [*inputs, *theirs.parameters()])
    for a, b in zip(mine, other, strict=True):
        torch.testing.assert_close(a, b, atol=of_gradients, rtol=0)


@pytest.mark.parametrize("kind", THEIRS)
def test_padding_leaves_the_last_state_as_it_was(kind):
    ours, theirs = pair(kind, torch.float64)
    x, lengths = torch.randn(3, 6, 5, dtype=torch.float64), torch.tensor([6, 2, 4])
    states, last = ours(x, lengths)
    packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    _, end = theirs(packed)
    torch.testing.assert_close(last, torch.cat([part[0] for part in end], -1) if kind == "lstm" else end[0])
    x[1, 2:] = 100
    torch.testing.assert_close(ours(x, lengths)[1], last)


@pytest.mark.parametrize("dtype", [torch.int8, torch.uint8, torch.int32])
def test_lengths_may_be_small_integers_which_know_no_place_beyond_127(dtype):
    model, x, lengths = Recurrent("gru", 3, 5), torch.randn(2, 300, 3), torch.tensor([100, 7])
    for came, expected in zip(model(x, lengths.to(dtype)), model(x, lengths), strict=True):
        assert torch.equal(came, expected)
    with pytest.raises(ValueError, match=r"lengths must lie in 1\.\.50"):
        model(x[:, :50], lengths.to(dtype))


def test_additive_attention_is_its_formula():
    torch.manual_seed(0)
    attention = AdditiveAttention(4).double()
    q, keys, values = (torch.randn(shape, dtype=torch.float64) for shape in ((2, 4), (2, 5, 4), (2, 5, 3)))
    mask = torch.tensor([[True] * 5, [True, True, True, False, False]])
    context, weights = attention(q, keys, values, mask)
    W, U, v = (p.weight.detach() for p in (attention.q_proj, attention.k_proj, attention.v))
    for b, length in ((0, 5), (1, 3)):
        scores = [math.exp(v[0] @ torch.tanh(W @ q[b] + U @ keys[b, s])) for s in range(length)]
        expected = torch.tensor([score / sum(scores) for score in scores] + [0] * (5 - length), dtype=torch.float64)
        torch.testing.assert_close(weights[b], expected)
        torch.testing.assert_close(context[b], sum(w * value for w, value in zip(expected, values[b], strict=True)))


@pytest.mark.parametrize("kind", THEIRS)
@pytest.mark.parametrize("attention", [True, False])
def test_a_translator_takes_no_notice_of_padding_or_of_words_to_come(kind, attention):
    torch.manual_seed(0)
    model = Seq2Seq(9, 7, 8, attention, kind).double()
    source, target, lengths = torch.randint(9, (2, 5)), torch.randint(7, (2, 6)), torch.tensor([3, 5])
    before = model(source, target, lengths)
    padded = torch.cat([source, torch.randint(9, (2, 4))], dim=1)
    torch.testing.assert_close(model(padded, target, lengths), before)
    changed = target.clone()
    changed[:, 4:] = 0
    torch.testing.assert_close(model(source, changed, lengths)[:, :4], before[:, :4])
    other = source.clone()
    other[:, 0] = (other[:, 0] + 1) % 9
    assert not torch.allclose(model(other, target, lengths), before)


def fit(model, steps=250):
    """Learn to write a sequence of 2 to 6 letters backwards. 0 pads and starts, 1 ends. Returns the last loss."""
    generator = torch.Generator().manual_seed(0)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(steps):
        source, lengths, target = backwards(64, generator)
        scores = model(source, torch.cat([torch.zeros(64, 1, dtype=torch.long), target[:, :-1]], dim=1), lengths)
        loss = nn.functional.cross_entropy(scores.flatten(0, 1), target.flatten(), ignore_index=0)
        optimiser.zero_grad(), loss.backward(), optimiser.step()
    return loss.item()


def backwards(n, generator):
    lengths = torch.randint(2, 7, (n,), generator=generator)
    source, target = torch.zeros(n, 6, dtype=torch.long), torch.zeros(n, 7, dtype=torch.long)
    for i, length in enumerate(lengths.tolist()):
        source[i, :length] = torch.randint(2, 8, (length,), generator=generator)
        target[i, :length], target[i, length] = source[i, :length].flip(0), 1
    return source, lengths, target


def test_with_attention_it_learns_to_write_backwards_and_looks_where_it_should():
    torch.manual_seed(0)
    model = Seq2Seq(8, 8, 32)
    fit(model)
    source, lengths, target = backwards(100, torch.Generator().manual_seed(1))
    said = translate(model, source, lengths, start=0, end=1, limit=8)
    right = [tokens == target[i, :length].tolist()
             for i, ((tokens, _), length) in enumerate(zip(said, lengths.tolist(), strict=True))]  # fmt: skip
    assert sum(right) >= 95
    target_in = torch.cat([torch.zeros(100, 1, dtype=torch.long), target[:, :-1]], dim=1)
    _, weights = model(source, target_in, lengths, return_weights=True)
    torch.testing.assert_close(weights.sum(-1), torch.ones(100, 7))
    assert all((weights[i, :, length:] == 0).all() for i, length in enumerate(lengths.tolist()))


def weight_of(model, source, tokens, start, end):
    """The logarithm of the weight of a whole target, from the scores of one forward pass."""
    written = torch.tensor([[start, *tokens]])
    logs = model(source, written).log_softmax(-1)[0]
    return sum(logs[i, token].item() for i, token in enumerate([*tokens, end]))


def transformer(source_vocabulary, target_vocabulary, dim):
    return EncoderDecoder(Config(target_vocabulary, dim, n_heads=1, positions="sinusoidal"), source_vocabulary)


@pytest.mark.parametrize("make", [Seq2Seq, lambda *sizes: Seq2Seq(*sizes, attention=False, kind="lstm"), transformer])
def test_searches_against_brute_force_on_a_tiny_vocabulary(make):
    torch.manual_seed(3)
    model, source, limit = make(5, 4, 6).double(), torch.tensor([[1, 4, 2], [3, 0, 0]]), 3
    lengths = torch.tensor([3, 1])
    with torch.no_grad():
        model.head.weight *= 6  # so that targets differ in weight
    found = {width: translate(model, source, lengths, 0, 1, limit, width) for width in (1, 2, 64)}
    for i, length in enumerate(lengths.tolist()):
        one = source[i : i + 1, :length]
        with torch.no_grad():
            whole = {tokens: weight_of(model, one, tokens, 0, 1)
                     for n in range(limit) for tokens in itertools.product((0, 2, 3), repeat=n)}  # fmt: skip
            for tokens in itertools.product((0, 2, 3), repeat=limit):  # cut off by the limit: no end
                whole[tokens] = weight_of(model, one, tokens[:-1], 0, tokens[-1])
            best = max(whole.items(), key=lambda item: item[1])
            greedy = [0]
            while len(greedy) <= limit and greedy[-1] != 1 or len(greedy) == 1:
                greedy.append(model(one, torch.tensor([greedy]))[0, -1].argmax().item())
        assert (tuple(found[64][i][0]), found[64][i][1]) == (best[0], pytest.approx(best[1]))
        assert found[1][i][0] == [token for token in greedy[1:] if token != 1]
        assert found[2][i][1] == pytest.approx(whole[tuple(found[2][i][0])])
        assert max(found[1][i][1], found[2][i][1]) <= best[1] + 1e-12


def test_a_translator_does_not_check_at_every_word(monkeypatch):
    """What it gives to its attention it made itself."""
    torch.manual_seed(0)
    model, source, target = Seq2Seq(9, 7, 8).double(), torch.randint(9, (2, 5)), torch.randint(7, (2, 6))
    checked = []
    monkeypatch.setattr(AdditiveAttention, "_check", lambda *args: checked.append(args))
    model(source, target, torch.tensor([3, 5]))
    assert not checked
    model.attention(torch.zeros(2, 8).double(), *torch.zeros(2, 2, 3, 8).double())
    assert len(checked) == 1


def words(*shape):
    return torch.zeros(shape, dtype=torch.long)


def spoilt(*shape, value=math.nan):
    x = torch.zeros(shape)
    x.view(-1)[-1] = value
    return x


GRU, LSTM = Recurrent("gru", 3, 4), Recurrent("lstm", 3, 4)
ATTENTION, TRANSLATOR = AdditiveAttention(4), Seq2Seq(3, 5, 4)
X, Q, KEYS = torch.zeros(2, 5, 3), torch.zeros(2, 4), torch.zeros(2, 3, 4)


@pytest.mark.parametrize(("call", "error", "says"), [
    (lambda: Recurrent("gru", 0, 4), ValueError, "input_dim must be a whole number from 1 on; it is 0"),
    (lambda: GRU(spoilt(2, 5, 3)), ValueError, "x holds NaN or infinity"),
    (lambda: GRU(spoilt(2, 5, 3, value=math.inf)), ValueError, "x holds NaN or infinity"),
    (lambda: GRU(X.tolist()), TypeError, r"x must be a torch tensor, not list: torch.as_tensor\(x\)"),
    (lambda: GRU(X.long()), TypeError, r"x has dtype torch.int64 .* x.to\(torch.float32\)"),
    (lambda: GRU(X.double()), TypeError, r"x has dtype torch.float64 .* x.to\(torch.float32\)"),
    (lambda: GRU(X[:, :0]), ValueError, "T at least 1"),
    (lambda: GRU(X[0]), ValueError, r"x has shape \(5, 3\); \(B, T, input_dim=3\) is expected"),
    (lambda: GRU(X, [5, 2]), TypeError, r"lengths must be a tensor of integers, not list: torch.tensor\(lengths\)"),
    (lambda: GRU(X, torch.tensor([5.0, 2.0])), TypeError, r"lengths has dtype torch.float32; .* lengths.long\(\)"),
    (lambda: GRU(X, torch.tensor([True, True])), TypeError, "lengths has dtype torch.bool"),
    (lambda: GRU(X, torch.tensor([5])), ValueError, r"lengths has shape \(1,\); \(2,\) is expected"),
    (lambda: GRU(X, torch.tensor([[5], [2]])), ValueError, r"lengths has shape \(2, 1\)"),
    (lambda: GRU(X, torch.tensor([0, 5])), ValueError, r"lengths must lie in 1\.\.5; they are \[0, 5\]"),
    (lambda: GRU(X, torch.tensor([6, 5])), ValueError, r"lengths must lie in 1\.\.5"),
    (lambda: LSTM(X, state=torch.zeros(2, 4)), ValueError, r"state has shape \(2, 4\); \(2, 8\) is expected"),
    (lambda: GRU(X, state=torch.zeros(1, 4)), ValueError, r"state has shape \(1, 4\); \(2, 4\) is expected"),
    (lambda: GRU(X, state=spoilt(2, 4)), ValueError, "state holds NaN"),
    (lambda: GRU(X, state=torch.zeros(2, 4).double()), TypeError, "x has dtype torch.float32 and state has"),
    (lambda: ATTENTION(spoilt(2, 4), KEYS, KEYS), ValueError, "q holds NaN"),
    (lambda: ATTENTION(Q, spoilt(2, 3, 4), KEYS), ValueError, "keys holds NaN"),
    (lambda: ATTENTION(Q, KEYS, spoilt(2, 3, 4)), ValueError, "values holds NaN"),
    (lambda: ATTENTION(Q.tolist(), KEYS, KEYS), TypeError, "q must be .* a torch tensor; it is of type list"),
    (lambda: ATTENTION(Q.numpy(), KEYS, KEYS), TypeError, "q is a numpy array; convert one"),
    (lambda: ATTENTION(Q.double(), KEYS, KEYS), TypeError, "q has torch.float64; convert one"),
    (lambda: ATTENTION(Q, KEYS.long(), KEYS), TypeError, r"keys has dtype torch.int64; .* keys.float\(\)"),
    (lambda: ATTENTION(Q[:1], KEYS, KEYS), ValueError, r"q \(1, 4\), .* q \(B, dim=4\), keys \(B, S, dim=4\)"),
    (lambda: ATTENTION(Q, KEYS[..., :3], KEYS), ValueError, r"keys \(2, 3, 3\)"),
    (lambda: ATTENTION(Q, KEYS, KEYS[:, :2]), ValueError, r"values \(2, 2, 4\)"),
    (lambda: ATTENTION(Q, KEYS[:, :0], KEYS[:, :0]), ValueError, "with S at least 1"),
    (lambda: ATTENTION(Q, KEYS, KEYS, torch.ones(2, 3)), TypeError, "mask has dtype torch.float32; booleans"),
    (lambda: ATTENTION(Q, KEYS, KEYS, torch.ones(3, 2) > 0), ValueError, r"mask has shape \(3, 2\)"),
    (lambda: ATTENTION(Q, KEYS, KEYS, torch.tensor([[True] * 3, [False] * 3])), ValueError, "nothing to attend to"),
    (lambda: ATTENTION(Q, KEYS, KEYS, "causal"), ValueError, "mask='causal'; expected None, or booleans"),
    (lambda: ATTENTION(Q, KEYS, KEYS, [[True] * 3] * 2), TypeError, "mask is of type list"),
    (lambda: Seq2Seq(0, 5, 4), ValueError, "source_vocabulary must be a whole number from 1 on; it is 0"),
    (lambda: Seq2Seq(3, 5, 4.0), ValueError, "dim must be a whole number from 1 on; it is 4.0"),
    (lambda: TRANSLATOR(torch.zeros(2, 3), words(2, 4)), TypeError, "source must be a tensor of integers"),
    (lambda: TRANSLATOR([[1]], words(1, 4)), TypeError, "source must be a tensor of integers; it is list"),
    (lambda: TRANSLATOR(words(2, 3), torch.zeros(2, 4)), TypeError, "target must be a tensor of integers"),
    (lambda: TRANSLATOR(words(2, 3) + 3, words(2, 4)), ValueError, r"source must lie in 0\.\.2"),
    (lambda: TRANSLATOR(words(2, 3), words(2, 4) - 1), ValueError, r"target must lie in 0\.\.4"),
    (lambda: TRANSLATOR(words(3), words(3, 1)), ValueError, r"source has shape \(3,\); \(B, T\) is expected"),
    (lambda: TRANSLATOR(words(2, 3), words(4)), ValueError, r"target has shape \(4,\)"),
    (lambda: TRANSLATOR(words(2, 3), words(3, 4)), ValueError, "as many rows in both"),
    (lambda: TRANSLATOR(words(2, 3), words(2, 4), torch.tensor([4, 1])), ValueError, r"lengths must lie in 1\.\.3"),
    (lambda: TRANSLATOR(words(2, 3), words(2, 4), torch.tensor([3])), ValueError, r"lengths has shape \(1,\); \(2,\)"),
    (lambda: TRANSLATOR.encode(words(2, 3), [3, 1]), TypeError, "lengths must be a tensor of integers, not list"),
])  # fmt: skip
def test_refused_input_is_named(call, error, says):
    with pytest.raises(error, match=says):
        call()


@pytest.mark.parametrize(("call", "says"), [
    (lambda: Recurrent("lsmt", 3, 4), "kind='lsmt'; choose from rnn, gru, lstm"),
    (lambda: Recurrent("rnn", 3, 4)(torch.zeros(2, 5, 4)), r"\(B, T, input_dim=3\) is expected"),
    (lambda: Seq2Seq(3, 3, 4, attention=False)(torch.zeros(1, 2, dtype=torch.long), torch.zeros(1, 2, dtype=torch.long),
                                               return_weights=True), "there are no weights without attention"),
    (lambda: translate(Seq2Seq(3, 3, 4), torch.zeros(1, 2, dtype=torch.long), None, 0, 1, limit=3, width=0), "width=0"),
])  # fmt: skip
def test_what_cannot_be_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()
