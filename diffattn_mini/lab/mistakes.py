"""The layer, the block and the model of chapter 12, ten mistakes seen in public code, and the questions that tell them.

Each mistake is the layer with one step done otherwise. They come from many hands; none is named.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..attention.differential import lambda_init
from ..attention.positions import turned as rotary  # unchecked: NaN is one of the symptoms
from ..attention.scaled import attention_weights

VECTORS = ("lambda_q1", "lambda_k1", "lambda_q2", "lambda_k2")


class DiffLayer(nn.Module):
    """Differential attention in one place: D wide, h heads of two maps, the layer counted from 1."""

    def __init__(self, D, h, layer):
        super().__init__()
        self.h, self.d, self.init = h, D // (2 * h), lambda_init(layer)
        self.q_proj, self.k_proj, self.v_proj, self.o_proj = (
            nn.Linear(D, D, bias=False) for _ in range(4))
        for name in ("lambda_q1", "lambda_k1", "lambda_q2", "lambda_k2"):
            self.register_parameter(name, nn.Parameter(0.1 * torch.randn(self.d)))
        self.norm = nn.RMSNorm(2 * self.d, eps=1e-5)

    def lam(self):
        return ((self.lambda_q1 @ self.lambda_k1).exp()
                - (self.lambda_q2 @ self.lambda_k2).exp() + self.init)

    def split(self, x):                                  # (B, T, D)
        parts = x.unflatten(-1, (self.h, 2, self.d))     # (B, T, h, 2, d)
        return rotary(parts.permute(3, 0, 2, 1, 4))      # (2, B, h, T, d)

    def maps(self, q, k):                                # two of (2, B, h, T, d)
        scores = q @ k.mT / self.d**0.5                  # (2, B, h, T, T)
        future = torch.ones(scores.shape[-2:]).triu(1).bool()
        first, second = scores.masked_fill(future, -torch.inf).softmax(-1)
        return first - self.lam() * second               # (B, h, T, T)

    def normed(self, heads):                             # (B, h, T, 2d)
        return self.norm(heads) * (1 - self.init)

    def forward(self, x):                                # (B, T, D)
        q, k = self.split(self.q_proj(x)), self.split(self.k_proj(x))
        v = self.v_proj(x).unflatten(-1, (self.h, -1)).transpose(1, 2)
        heads = self.normed(self.maps(q, k) @ v)         # (B, h, T, 2d)
        return self.o_proj(heads.transpose(1, 2).flatten(2))


class DiffBlock(nn.Module):
    """The layer and a SwiGLU, each with its norm and a way round it."""

    def __init__(self, D, h, layer, H, kind=DiffLayer):
        super().__init__()
        self.norm1, self.norm2 = nn.RMSNorm(D, eps=1e-5), nn.RMSNorm(D, eps=1e-5)
        self.attention = kind(D, h, layer)
        self.gate_proj, self.up_proj = (nn.Linear(D, H, bias=False) for _ in range(2))
        self.down_proj = nn.Linear(H, D, bias=False)

    def forward(self, x):                                # (B, T, D)
        x = x + self.attention(self.norm1(x))
        y = self.norm2(x)
        return x + self.down_proj(F.silu(self.gate_proj(y)) * self.up_proj(y))


class DiffGPT(nn.Module):
    """Tokens in, scores of the next token out."""

    def __init__(self, vocabulary, D=64, h=2, n_layers=2, H=171, kind=DiffLayer):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, D)
        self.blocks = nn.ModuleList(
            DiffBlock(D, h, layer, H, kind) for layer in range(1, n_layers + 1))
        self.norm = nn.RMSNorm(D, eps=1e-5)

    def forward(self, tokens):                           # (B, T)
        x = self.embedding(tokens)                       # (B, T, D)
        for block in self.blocks:
            x = block(x)
        return self.norm(x) @ self.embedding.weight.T    # (B, T, V)


# Ten mistakes


class MaskAfter(DiffLayer):
    """The mask is put on after the subtraction."""

    def maps(self, q, k):
        first, second = (q @ k.mT / self.d**0.5).softmax(-1)
        weights = first - self.lam() * second
        future = torch.ones(weights.shape[-2:]).triu(1).bool()
        return weights.masked_fill(future, -torch.inf)


class MaskAdded(DiffLayer):
    """A boolean mask is added to the scores: they grow by 1 where one may look."""

    def maps(self, q, k):
        visible = torch.ones(q.shape[-2], k.shape[-2]).tril().bool()
        first, second = (q @ k.mT / self.d**0.5 + visible).softmax(-1)
        return first - self.lam() * second


class NormOverTime(DiffLayer):
    """The norm of a head runs over all its tokens: torch's GroupNorm."""

    def normed(self, heads):
        columns = heads.mT.flatten(1, 2)                 # (B, h * 2d, T)
        columns = F.group_norm(columns, self.h, eps=1e-5)
        heads = columns.unflatten(1, (self.h, -1)).mT    # (B, h, T, 2d)
        return heads * self.norm.weight * (1 - self.init)


class SubtractedFirst(DiffLayer):
    """The scores are subtracted, and one softmax follows."""

    def maps(self, q, k):
        first, second = q @ k.mT / self.d**0.5
        scores = first - self.lam() * second
        future = torch.ones(scores.shape[-2:]).triu(1).bool()
        return scores.masked_fill(future, -torch.inf).softmax(-1)


class TurnedTogether(DiffLayer):
    """RoPE turns the pair of sub-heads as one vector, before it is cut in two."""

    def split(self, x):
        heads = x.unflatten(-1, (self.h, 2 * self.d)).transpose(1, 2)
        return rotary(heads).unflatten(-1, (2, self.d)).permute(3, 0, 1, 2, 4)


class WideLambda(DiffLayer):
    """Lambda's vectors start from N(0, 1)."""

    def __init__(self, D, h, layer):
        super().__init__(D, h, layer)
        for name in VECTORS:
            nn.init.normal_(getattr(self, name))


class LambdaPerHead(DiffLayer):
    """A lambda for every head."""

    def __init__(self, D, h, layer):
        super().__init__(D, h, layer)
        for name in VECTORS:
            self.register_parameter(name, nn.Parameter(0.1 * torch.randn(h, self.d)))

    def lam(self):
        first = (self.lambda_q1 * self.lambda_k1).sum(-1).exp()
        second = (self.lambda_q2 * self.lambda_k2).sum(-1).exp()
        return (first - second + self.init)[:, None, None]


class LambdaForgotten(DiffLayer):
    """The vectors are there, but the constant is used."""

    def lam(self):
        return torch.tensor(self.init)


class HeadsNotHalved(DiffLayer):
    """As many differential heads as ordinary ones: everything twice as wide."""

    def __init__(self, D, h, layer):
        super().__init__(2 * D, 2 * h, layer)
        for name in ("q_proj", "k_proj", "v_proj"):
            setattr(self, name, nn.Linear(D, 2 * D, bias=False))
        self.o_proj = nn.Linear(2 * D, D, bias=False)


class ZeroNorm(DiffLayer):
    """The weight of the norm starts at zero."""

    def __init__(self, D, h, layer):
        super().__init__(D, h, layer)
        nn.init.zeros_(self.norm.weight)


MISTAKES = {
    "mask after": MaskAfter,
    "mask added": MaskAdded,
    "norm over time": NormOverTime,
    "subtracted first": SubtractedFirst,
    "turned together": TurnedTogether,
    "wide lambda": WideLambda,
    "lambda per head": LambdaPerHead,
    "lambda forgotten": LambdaForgotten,
    "heads not halved": HeadsNotHalved,
    "zero norm": ZeroNorm,
}


# Pieces taken out


class NoNorm(DiffLayer):
    """The factor alone."""

    def normed(self, heads):
        return heads * (1 - self.init)


class NoFactor(DiffLayer):
    """The norm alone."""

    def normed(self, heads):
        return self.norm(heads)


class Neither(DiffLayer):
    """Neither norm nor factor."""

    def normed(self, heads):
        return heads


PIECES = {"diff": DiffLayer, "no norm": NoNorm, "no factor": NoFactor, "neither": Neither,
          "fixed lambda": LambdaForgotten}  # fmt: skip


# Questions


QUESTIONS = ("finite", "future", "rows", "twins", "size", "lambda", "one lambda", "learned", "parameters")
ROOM = 1e-4  # for rounding, in float32


def ask(kind: type[DiffLayer], D: int = 64, h: int = 2, layer: int = 2, seed: int = 0, T: int = 12) -> dict:
    """What a fresh layer answers to QUESTIONS, each a number; nothing is trained, and no other layer is needed.

    finite: the share of outputs that are numbers, 1. future: the largest change of earlier outputs when the last token
    changes, 0. rows: how far the rows are from summing to 1 - lambda, 0. twins: both sub-heads are given the same
    weights; how far the map is from 1 - lambda times ordinary attention's, 0. size: the root mean square of a head
    before W_O, over 1 - lambda_init: the one furthest from 1. lambda: of 100 fresh layers, the lambda furthest from
    lambda_init, less lambda_init. one lambda: how many there are, 1. learned: the length of the gradient of lambda_q1,
    above 0. parameters: how many, over the 4 D^2 + 6 d that are due, 1.

    >>> [name for name, x in ask(DiffLayer).items() if rings(name, x)]
    []
    >>> [name for name, x in ask(HeadsNotHalved).items() if rings(name, x)]
    ['parameters']
    """
    torch.manual_seed(seed)
    one = kind(D, h, layer)
    x = torch.randn(2, T, D)
    found = {}
    with torch.no_grad():
        y, changed = one(x), x.clone()
        found["finite"] = y.isfinite().float().mean().item()
        changed[:, -1] = torch.randn(2, D)
        found["future"] = (one(changed) - y)[:, :-1].abs().max().item()
        weights = one.maps(one.split(one.q_proj(x)), one.split(one.k_proj(x)))
        found["rows"] = (weights.sum(-1, keepdim=True) - (1 - one.lam())).abs().max().item()
        found["twins"] = _twins(one, x)
        heads = one.normed(weights @ one.v_proj(x).unflatten(-1, (one.h, -1)).transpose(1, 2))
        sizes = heads.square().mean(-1).sqrt() / (1 - one.init)
        found["size"] = sizes.flatten()[(sizes - 1).abs().argmax()].item()
        starts = torch.stack([kind(D, h, layer).lam().flatten()[0] for _ in range(100)]) - one.init
        found["lambda"] = starts[starts.abs().argmax()].item()
        found["one lambda"] = one.lam().numel()
    if found["finite"] == 1:
        one(x).square().sum().backward()
    grad = one.lambda_q1.grad
    found["learned"] = 0.0 if grad is None else grad.norm().item()
    due = 4 * D**2 + 6 * (D // (2 * h))
    found["parameters"] = sum(p.numel() for p in one.parameters()) / due
    return found


def _twins(one: DiffLayer, x: Tensor) -> float:
    """How far the map of equal sub-heads is from 1 - lambda times the map of ordinary attention."""
    pairs = []
    for projection in (one.q_proj, one.k_proj):
        rows = projection.weight.detach().unflatten(0, (one.h, 2, one.d)).clone()  # (h, 2, d, D)
        rows[:, 1] = rows[:, 0]
        pairs.append(x @ rows.flatten(0, 2).T)
    (q, k), plain = map(one.split, pairs), []
    for pair in pairs:
        part = pair.unflatten(-1, (one.h, 2, one.d))[:, :, :, 0].transpose(1, 2)  # (B, h, T, d)
        plain.append(rotary(part))
    expected = (1 - one.lam()) * attention_weights(*plain, "causal")
    return (one.maps(q, k) - expected).abs().max().item()


def rings(name: str, x: float) -> bool:
    """Does this answer give a mistake away?

    >>> rings("future", 0.3), rings("future", 0.0)
    (True, False)
    """
    if not math.isfinite(x):
        return True
    if name in ("future", "rows", "twins"):
        return x > ROOM
    if name == "lambda":
        return abs(x) > 0.4  # over seven deviations of sqrt(2d) / 100 at d = 16
    if name == "learned":
        return x == 0
    return abs(x - 1) > (0.02 if name == "size" else ROOM)
