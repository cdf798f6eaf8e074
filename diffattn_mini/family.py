"""The relatives of differential attention. Each is multi-head attention with one step changed, and says which."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from .attention import Mask, masked
from .diff_attention import DiffAttention, DiffAttentionV2
from .multi_head import MultiHeadAttention


class NormedAttention(MultiHeadAttention):
    """Ordinary attention with the per-head norm of differential attention, and no difference: the control.

    What it wins over ordinary attention is the norm's; only what differential attention wins over it is the
    difference's. The factor 1 - lambda_init has no counterpart here: the output projection learns it.

    >>> import torch
    >>> NormedAttention(dim=16, n_heads=4)(torch.randn(1, 5, 16)).shape
    torch.Size([1, 5, 16])
    """

    def __init__(self, dim: int, n_heads: int, n_kv_heads: int | None = None, rope: bool = False, eps: float = 1e-5):
        super().__init__(dim, n_heads, n_kv_heads, rope)
        self.norm = nn.RMSNorm(self.head_dim, eps=eps)

    def finish(self, heads: Tensor, x: Tensor) -> Tensor:
        return self.norm(heads)


class ScoredAttention(MultiHeadAttention):
    """Ordinary attention with the step from scores to weights set apart, for the relatives that change it.

    weigh(scores, mask): scores q k^T / sqrt(d), all finite, (B, h, T, S) -> weights of that shape, 0 where masked.

    >>> ScoredAttention(dim=16, n_heads=4)(torch.randn(1, 5, 16)).shape
    torch.Size([1, 5, 16])
    """

    def attend(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Mask, x: Tensor, return_weights: bool
    ) -> tuple[Tensor, Tensor]:
        weights = self.weigh(q @ k.mT / math.sqrt(self.head_dim), mask)  # (B, h, T, S)
        return weights @ v, weights

    def weigh(self, scores: Tensor, mask: Mask) -> Tensor:
        return masked(scores, mask).softmax(-1)


class CogAttention(ScoredAttention):
    """Weights of both signs from one map: a key that fits badly is subtracted.

    w = sign(s) e^|s| / sum e^|s|, (B, h, T, S) in [-1, 1]; the sizes of a row sum to 1, and a score of 0 weighs 0.
    Source: Lv et al., More Expressive Attention with Negative Weights, arXiv 2411.07176.

    >>> CogAttention(dim=16, n_heads=4)(torch.randn(1, 5, 16)).shape
    torch.Size([1, 5, 16])
    """

    def weigh(self, scores: Tensor, mask: Mask) -> Tensor:
        return scores.sign() * masked(scores.abs(), mask).softmax(-1)


class SoftpickAttention(ScoredAttention):
    """Weights that may all be zero: a head with nothing to say need not send its attention to the first token.

    w = relu(e^s - 1) / (sum |e^s - 1| + eps), (B, h, T, S) in [0, 1); exactly 0 for s <= 0; a row sums to at most 1.
    Source: Zuhri et al., Softpick, arXiv 2504.20966.

    >>> SoftpickAttention(dim=16, n_heads=4)(torch.randn(1, 5, 16)).shape
    torch.Size([1, 5, 16])
    """

    eps = 1e-6

    def weigh(self, scores: Tensor, mask: Mask) -> Tensor:
        scores = masked(scores, mask)
        top = scores.amax(-1, keepdim=True).relu().detach()  # e^(s - top) and e^-top cannot overflow
        size = (scores - top).exp() - (-top).exp()  # (e^s - 1) e^-top
        size = size.masked_fill(scores == -math.inf, 0)  # a masked key neither weighs nor counts
        return size.relu() / (size.abs().sum(-1, keepdim=True) + self.eps)


class SinkAttention(ScoredAttention):
    """A place outside the text to send attention to: one more score in the sum, and no value behind it.

    w = e^s / (e^sink + sum e^s), (B, h, T, S) in [0, 1); a row sums to less than 1. sink: one number a head, learned
    from 0 on; learned=False keeps it at 0 ("softmax off by one"). With a sink of -inf it is ordinary attention.
    Source: Miller, Attention is off by one, 2023; the learned sink: OpenAI, gpt-oss, arXiv 2508.10925.

    >>> SinkAttention(dim=16, n_heads=4).sink
    Parameter containing:
    tensor([0., 0., 0., 0.], requires_grad=True)
    """

    def __init__(
        self, dim: int, n_heads: int, n_kv_heads: int | None = None, rope: bool = False, learned: bool = True
    ) -> None:
        super().__init__(dim, n_heads, n_kv_heads, rope)
        if learned:
            self.sink = nn.Parameter(torch.zeros(n_heads))
        else:
            self.register_buffer("sink", torch.zeros(n_heads))

    def weigh(self, scores: Tensor, mask: Mask) -> Tensor:
        sink = self.sink[:, None, None].expand(*scores.shape[:-1], 1)  # (h,) -> (B, h, T, 1)
        return torch.cat([masked(scores, mask), sink], dim=-1).softmax(-1)[..., :-1]

class GatedAttention(MultiHeadAttention):
    """A gate, computed from the token itself, on what each head says.

    O' = sigmoid(x W_gate) * O, with O (B, h, T, d). per="head": one gate for each head and token, W_gate (dim, h);
    per="element": one for each feature, W_gate (dim, dim). Raises ValueError for another per.
    Source: Qiu et al., Gated Attention for Large Language Models, arXiv 2505.06708.

    >>> GatedAttention(dim=16, n_heads=4).gate_proj
    Linear(in_features=16, out_features=4, bias=False)
    """

    def __init__(
        self, dim: int, n_heads: int, n_kv_heads: int | None = None, rope: bool = False, per: str = "head"
    ) -> None:
        super().__init__(dim, n_heads, n_kv_heads, rope)
        if per not in ("head", "element"):
            raise ValueError(f"per={per!r}; choose from head, element")
        self.gate_proj = nn.Linear(dim, n_heads if per == "head" else dim, bias=False)

    def finish(self, heads: Tensor, x: Tensor) -> Tensor:
        return heads * self.split(self.gate_proj(x).sigmoid(), self.n_heads)  # (B, h, T, d) * (B, h, T, 1 or d)


class TalkingHeadsAttention(ScoredAttention):
    """Heads that hear one another: their scores are mixed before the softmax, and their weights after it.

    s'_i = sum_j P_ij s_j, then w'_i = sum_j R_ij softmax(s'_j): P `mix_scores` and R `mix_weights`, (h, h), start as
    the identity, where it is ordinary attention. w' (B, h, T, S) may have either sign.
    Source: Shazeer et al., Talking-Heads Attention, arXiv 2003.02436.

    >>> TalkingHeadsAttention(dim=16, n_heads=2).mix_weights.tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """

    def __init__(self, dim: int, n_heads: int, n_kv_heads: int | None = None, rope: bool = False) -> None:
        super().__init__(dim, n_heads, n_kv_heads, rope)
        self.mix_scores, self.mix_weights = (nn.Parameter(torch.eye(n_heads)) for _ in range(2))

    def weigh(self, scores: Tensor, mask: Mask) -> Tensor:
        scores = torch.einsum("ij,bjts->bits", self.mix_scores, scores)
        return torch.einsum("ij,bjts->bits", self.mix_weights, masked(scores, mask).softmax(-1))


class IntegralAttention(MultiHeadAttention):
    """Several maps a head, averaged where differential attention subtracts: noise that they do not share cancels.

    n_signals: S pairs of queries and keys of head_dim = dim / (S n_heads), each with its score s_i = q_i k_i^T /
    sqrt(head_dim); values of width S head_dim. over="maps": w = mean_i softmax(s_i); over="logits":
    w = softmax(mean_i s_i), which without RoPE is ordinary attention with scores divided by sqrt(S).
    w (B, n_heads, T, S) in [0, 1], rows sum to 1. With one signal it is ordinary attention. Raises ValueError for
    another over. Source: Kobyzev et al., Integral Transformer, arXiv 2508.18387; that the mean is over the maps, and
    that the heads are fewer and the values wider as in differential attention, are choices made here.

    >>> IntegralAttention(dim=16, n_heads=2, n_signals=2).head_dim
    4
    """

    def __init__(
        self,
        dim: int,
        n_heads: int,
        n_kv_heads: int | None = None,
        rope: bool = False,
        n_signals: int = 2,
        over: str = "maps",
    ) -> None:
        if over not in ("maps", "logits"):
            raise ValueError(f"over={over!r}; choose from maps, logits")
        if isinstance(n_signals, bool) or not isinstance(n_signals, int) or n_signals < 1:
            raise ValueError(f"n_signals must be a whole number from 1 on; it is {n_signals!r}")
        self.n_maps, self.over = n_signals, over  # before the sizes are checked
        super().__init__(dim, n_heads, n_kv_heads, rope)

    def attend(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Mask, x: Tensor, return_weights: bool
    ) -> tuple[Tensor, Tensor]:
        q, k = (y.unflatten(-1, (self.n_maps, self.head_dim)).movedim(-2, 0) for y in (q, k))  # (S, B, h, T, d)
        scores = q @ k.mT / math.sqrt(self.head_dim)
        if self.over == "logits":
            weights = masked(scores.mean(0), mask).softmax(-1)
        else:
            weights = masked(scores, mask).softmax(-1).mean(0)
        return weights @ v, weights  # (B, h, T, S d), (B, h, T, S)

# REST

# Every kind by its name, in the size that stands beside an ordinary layer of n_heads heads.
# name -> make(dim, n_heads, layer, rope)
KINDS: dict[str, Callable[..., MultiHeadAttention]] = {
    "standard": lambda dim, n_heads, layer, rope: MultiHeadAttention(dim, n_heads, rope=rope),
    "normed": lambda dim, n_heads, layer, rope: NormedAttention(dim, n_heads, rope=rope),
    "diff": lambda dim, n_heads, layer, rope: DiffAttention(dim, _half(n_heads), layer, rope=rope),
    "diff2": lambda dim, n_heads, layer, rope: DiffAttentionV2(dim, n_heads, _half(n_heads), rope=rope),
    "cog": lambda dim, n_heads, layer, rope: CogAttention(dim, n_heads, rope=rope),
    "softpick": lambda dim, n_heads, layer, rope: SoftpickAttention(dim, n_heads, rope=rope),
    "sink": lambda dim, n_heads, layer, rope: SinkAttention(dim, n_heads, rope=rope),
    "off_by_one": lambda dim, n_heads, layer, rope: SinkAttention(dim, n_heads, rope=rope, learned=False),
    "gated": lambda dim, n_heads, layer, rope: GatedAttention(dim, n_heads, rope=rope),
    "talking": lambda dim, n_heads, layer, rope: TalkingHeadsAttention(dim, n_heads, rope=rope),
    "integral": lambda dim, n_heads, layer, rope: IntegralAttention(dim, _half(n_heads), rope=rope),
}


def make_attention(
    name: str, dim: int, n_heads: int, layer: int = 1, rope: bool = False, bias: bool = False
) -> MultiHeadAttention:
    """An attention layer by its name, equal in size to an ordinary one of that dim and n_heads.

    name: a key of KINDS. layer counts from 1; only kinds with a schedule use it. The number of parameters differs from
    4 dim^2 by what parameter_surplus says. bias: on the projections, for "standard" alone. Raises ValueError for an
    unknown name, an odd n_heads where the kind needs pairs, and a bias where there is none.

    >>> make_attention("diff", dim=64, n_heads=4).n_heads
    2
    """
    if name not in KINDS:
        raise ValueError(f"attention={name!r}; choose from {', '.join(KINDS)}")
    if not bias:
        return KINDS[name](dim, n_heads, layer, rope)
    if name != "standard":
        raise ValueError(f'attention={name!r} has no bias; set bias=False, or attention="standard"')
    return MultiHeadAttention(dim, n_heads, rope=rope, bias=True)


def parameter_surplus(name: str, dim: int, n_heads: int) -> int:
    """How many parameters the kind has beyond those of ordinary attention, 4 dim^2; negative where it has fewer.

    >>> parameter_surplus("diff", 1024, 16)  # 4 vectors of 64 for lambda, 128 weights of the norm
    384
    """
    return sum(p.numel() for p in make_attention(name, dim, n_heads).parameters()) - 4 * dim**2


def _half(n_heads: int) -> int:
    if n_heads % 2:
        raise ValueError(f"n_heads={n_heads} is odd; differential attention pairs heads: choose {n_heads + 1}")
    return n_heads // 2
