"""The relatives of differential attention. Each is multi-head attention with one step changed, and says which.

Their constructors name what is theirs; the rest (n_kv_heads, rope, and of the differential ones eps) is passed on as it
is to MultiHeadAttention or DiffAttention.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..arrays import check_count, check_positive
from .diff_layers import DiffAttention, DiffAttentionV2
from .head_norm import head_norm
from .multi_head import KVCache, MultiHeadAttention
from .scaled import Mask, attention_weights, masked, scaled_scores


class NormedAttention(MultiHeadAttention):
    """Ordinary attention with the per-head norm of differential attention, and no difference: the control.

    What it wins over ordinary attention is the norm's; only what differential attention wins over it is the
    difference's. The factor 1 - lambda_init has no counterpart here: the output projection learns it.

    >>> import torch
    >>> NormedAttention(dim=16, n_heads=4)(torch.randn(1, 5, 16)).shape
    torch.Size([1, 5, 16])
    """

    def __init__(self, dim: int, n_heads: int, eps: float = 1e-5, **sizes: Any) -> None:
        super().__init__(dim, n_heads, **sizes)
        self.norm = nn.RMSNorm(self.head_dim, check_positive("eps", eps, "1e-5"))

    def finish(self, heads: Tensor, x: Tensor) -> Tensor:
        return head_norm(heads, self.norm.weight, eps=self.norm.eps)


class ScoredAttention(MultiHeadAttention):
    """Ordinary attention with the step from scores to weights set apart, for the relatives that change it.

    weigh(scores, mask): scores q k^T / sqrt(d), all finite, (B, h, T, S) -> weights of that shape, 0 where masked.

    >>> ScoredAttention(dim=16, n_heads=4)(torch.randn(1, 5, 16)).shape
    torch.Size([1, 5, 16])
    """

    def attend(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Mask, x: Tensor, context: Tensor | None, return_weights: bool
    ) -> tuple[Tensor, Tensor]:
        weights = self.weigh(scaled_scores(q, k), mask)  # (B, h, T, S)
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

    w = relu(e^s - 1) / (sum |e^s - 1| + eps e^m), m = max(s, 0), computed from e^(s - m) - e^-m, which cannot overflow.
    (B, h, T, S) in [0, 1); exactly 0 for s <= 0; a row sums to less than 1.
    Source: Zuhri et al., `Softpick`, arXiv 2504.20966.

    >>> SoftpickAttention(dim=16, n_heads=4)(torch.randn(1, 5, 16)).shape
    torch.Size([1, 5, 16])
    """

    eps = 1e-6

    def weigh(self, scores: Tensor, mask: Mask) -> Tensor:
        scores = masked(scores, mask)
        top = scores.amax(-1, keepdim=True).relu().detach()  # neither e^(s - top) nor e^-top exceeds 1
        size = (scores - top).exp() - (-top).exp()  # (e^s - 1) e^-top
        size = size.masked_fill(scores == -math.inf, 0)  # a masked key neither weighs nor counts
        return size.relu() / (size.abs().sum(-1, keepdim=True) + self.eps)


class SinkAttention(ScoredAttention):
    """A place outside the text to send attention to: one more score in the sum, and no value behind it.

    w = e^s / (e^sink + sum e^s), (B, h, T, S) in [0, 1); a row sums to less than 1. sink: one number a head, learned
    from 0 on; learned=False keeps it at 0 ("softmax off by one"). With a sink of -inf it is ordinary attention.
    Source: Miller, Attention is off by one, 2023; the learned sink: OpenAI, `gpt-oss`, arXiv 2508.10925.

    >>> SinkAttention(dim=16, n_heads=4).sink
    Parameter containing:
    tensor([0., 0., 0., 0.], requires_grad=True)
    """

    def __init__(self, dim: int, n_heads: int, learned: bool = True, **sizes: Any) -> None:
        super().__init__(dim, n_heads, **sizes)
        if learned:
            self.sink = nn.Parameter(torch.zeros(self.n_heads))
        else:
            self.register_buffer("sink", torch.zeros(self.n_heads))

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

    def __init__(self, dim: int, n_heads: int, per: str = "head", **sizes: Any) -> None:
        super().__init__(dim, n_heads, **sizes)
        if per not in ("head", "element"):
            raise ValueError(f"per={per!r}; choose from head, element")
        self.gate_proj = nn.Linear(self.dim, self.n_heads if per == "head" else self.dim, bias=False)

    def finish(self, heads: Tensor, x: Tensor) -> Tensor:
        gates = self.gate_proj(x).sigmoid().unflatten(-1, (self.n_heads, -1))  # (B, T, h, 1 or d)
        return heads * gates


class TalkingHeadsAttention(ScoredAttention):
    """Heads that hear one another: their scores are mixed before the softmax, and their weights after it.

    s'_i = sum_j P_ij s_j, then w'_i = sum_j R_ij softmax(s'_j): P `mix_scores` and R `mix_weights`, (h, h), start as
    the identity, where it is ordinary attention. w' (B, h, T, S) may have either sign.
    Source: Shazeer et al., Talking-Heads Attention, arXiv 2003.02436.

    >>> TalkingHeadsAttention(dim=16, n_heads=2).mix_weights.tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """

    def __init__(self, dim: int, n_heads: int, **sizes: Any) -> None:
        super().__init__(dim, n_heads, **sizes)
        self.mix_scores, self.mix_weights = (nn.Parameter(torch.eye(self.n_heads)) for _ in range(2))

    def weigh(self, scores: Tensor, mask: Mask) -> Tensor:
        scores = torch.einsum("ij,bjts->bits", self.mix_scores, scores)
        return torch.einsum("ij,bjts->bits", self.mix_weights, masked(scores, mask).softmax(-1))


class MeanAttention(MultiHeadAttention):
    """Several maps a head, averaged where differential attention subtracts: noise that they do not share cancels.

    n_signals: S pairs of queries and keys of head_dim = dim / (S n_heads), each with its score s_i = q_i k_i^T /
    sqrt(head_dim); values of width S head_dim. over="maps": w = mean_i softmax(s_i); over="logits":
    w = softmax(mean_i s_i), which without RoPE is ordinary attention with scores divided by sqrt(S).
    w (B, n_heads, T, S) in [0, 1], rows sum to 1. With one signal it is ordinary attention. Raises ValueError for
    another over. The mean inside the softmax, over="logits", is how the Integral Transformer is read by others (Kobyzev
    et al., arXiv 2508.18387); the mean over maps, and that the heads are fewer and the values wider as in differential
    attention, are choices made here.

    >>> MeanAttention(dim=16, n_heads=2, n_signals=2).head_dim
    4
    """

    def __init__(self, dim: int, n_heads: int, n_signals: int = 2, over: str = "maps", **sizes: Any) -> None:
        if over not in ("maps", "logits"):
            raise ValueError(f"over={over!r}; choose from maps, logits")
        self.n_maps, self.over = check_count("n_signals", n_signals), over  # before the sizes are checked
        super().__init__(dim, n_heads, **sizes)

    def attend(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Mask, x: Tensor, context: Tensor | None, return_weights: bool
    ) -> tuple[Tensor, Tensor]:
        q, k = (y.unflatten(-1, (self.n_maps, -1)).movedim(-2, 0) for y in (q, k))  # (S, B, h, T, d)
        scores = scaled_scores(q, k)
        if self.over == "logits":
            weights = masked(scores.mean(0), mask).softmax(-1)
        else:
            weights = masked(scores, mask).softmax(-1).mean(0)
        return weights @ v, weights  # (B, h, T, S d), (B, h, T, S)


class SharedPair(nn.Linear):
    """Two projections that share most of their weights: x (W + D_1 U_1) and x (W + D_2 U_2).

    W (dim, h d), shared, is `weight`; D_i (dim, rank) and U_i (rank, h d). forward: (B, T, dim) -> (B, T, h * 2 d),
    each head's two parts side by side.
    """

    def __init__(self, dim: int, n_heads: int, head_dim: int, rank: int) -> None:
        super().__init__(dim, n_heads * head_dim, bias=False)
        self.n_heads = n_heads
        self.down = nn.Linear(dim, 2 * rank, bias=False)
        self.up = nn.ModuleList(nn.Linear(rank, n_heads * head_dim, bias=False) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        shared, parts = super().forward(x), self.down(x).chunk(2, dim=-1)  # (B, T, h d), twice (B, T, rank)
        pair = [(shared + up(part)).unflatten(-1, (self.n_heads, -1)) for up, part in zip(self.up, parts, strict=True)]
        return torch.cat(pair, dim=-1).flatten(-2)  # (B, T, h, 2 d) -> (B, T, h * 2 d)


class SharedDiffAttention(DiffAttention):
    """Differential attention whose two maps start from one projection, each with a small change of its own.

    Q_i = x (W_Q + D_i U_i), K_i = x (W_K + E_i F_i), then A1 - lambda A2 as in DiffAttention. rank: of the changes;
    dim // 6, the default, gives the layer as many parameters as ordinary attention, a smaller one fewer. With changes
    of zero the maps are equal and (1 - lambda) A is left. Raises ValueError for a rank that is not from 1 on.
    Source: Cang et al., Shared DIFF Transformer, arXiv 2501.17900.

    >>> SharedDiffAttention(dim=24, n_heads=2, rank=3)(torch.randn(1, 5, 24)).shape
    torch.Size([1, 5, 24])
    """

    def __init__(self, dim: int, n_heads: int, layer: int = 1, rank: int | None = None, **options: Any) -> None:
        super().__init__(dim, n_heads, layer, **options)
        rank = max(self.dim // 6, 1) if rank is None else check_count("rank", rank)
        self.q_proj = SharedPair(self.dim, self.n_heads, self.head_dim, rank)
        self.k_proj = SharedPair(self.dim, self.n_kv_heads, self.head_dim, rank)


class GroupedDiffAttention(DiffAttention):
    """Differential attention with fewer noise maps than signal maps: each noise map is subtracted from `ratio` others.

    n_heads: groups of ratio signal heads and one noise head, all of width head_dim = dim / ((ratio + 1) n_heads).
    w = A_signal - lambda A_noise of its group, (B, ratio n_heads, T, S), signal heads of a group side by side; a mask
    with an axis of heads counts groups. Values have the width dim / (ratio n_heads), rounded, so that the number of
    parameters stays near that of ordinary attention. ratio=1 is DiffAttention. n_kv_heads: groups of keys and values.
    Raises ValueError for a ratio that is not from 1 on. Source: Lim et al., Grouped Differential Attention,
    arXiv 2510.06949; one lambda a layer and the width of the values, as in version 1, are choices made here.

    >>> attention = GroupedDiffAttention(dim=24, n_heads=2)
    >>> attention(torch.randn(1, 5, 24), return_weights=True)[1].shape
    torch.Size([1, 6, 5, 5])
    """

    def __init__(self, dim: int, n_heads: int, layer: int = 1, ratio: int = 3, **options: Any) -> None:
        self.ratio = check_count("ratio", ratio)
        self.n_maps = self.ratio + 1  # before the sizes are checked
        super().__init__(dim, n_heads, layer, form="maps", **options)
        width = max(round(self.dim / (self.ratio * self.n_heads)), 1)
        self.v_proj = nn.Linear(self.dim, self.n_kv_heads * self.ratio * width, bias=False)
        self.o_proj = nn.Linear(self.n_heads * self.ratio * width, self.dim, bias=False)
        self.norm = nn.RMSNorm(width, eps=self.norm.eps)

    def attend(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Mask, x: Tensor, context: Tensor | None, return_weights: bool
    ) -> tuple[Tensor, Tensor]:
        r = self.ratio
        q, k = (y.unflatten(-1, (r + 1, -1)).movedim(-2, 2) for y in (q, k))  # (B, h, r + 1, T, d)
        v = v.unflatten(-1, (r, -1)).movedim(-2, 2).flatten(1, 2)  # (B, r h, S, e)
        noise = attention_weights(q[:, :, r], k[:, :, r], mask)  # (B, h, T, S)
        if isinstance(mask, Tensor) and mask.ndim == 4 and mask.shape[1] > 1:
            mask = mask.repeat_interleave(r, dim=1)
        signal = attention_weights(q[:, :, :r].flatten(1, 2), k[:, :, :r].flatten(1, 2), mask)  # (B, r h, T, S)
        weights = signal - self.lam * noise.repeat_interleave(r, dim=1)
        return weights @ v, weights


class RowsBefore:
    """For layers in which the row of a query depends on the rows of the queries before it. To be inherited first.

    With a cache they compute the rows of all tokens again and give back those of the new ones. The cache then holds in
    place of keys what came in, (B, 1, S, dim), and spares such a layer nothing; but it may be reordered and cut.
    """

    def forward(
        self,
        x: Tensor,
        mask: Mask = "causal",
        return_weights: bool = False,
        context: Tensor | None = None,
        cache: KVCache | None = None,
    ) -> Tensor | tuple[Tensor, Tensor]:
        if cache is None:
            return super().forward(x, mask, return_weights, context)
        self._check(x, mask, context, cache)
        T, text = x.shape[1], x[:, None]
        text, _ = cache.append(text, text[..., :0], self)  # (B, 1, S, dim), and no values
        said = super().forward(text[:, 0], mask, return_weights)
        return (said[0][:, -T:], said[1][..., -T:, :]) if return_weights else said[:, -T:]

    def rows_before(self, maps: Tensor, mask: Mask) -> Tensor:
        """For every query the sum of other queries' rows, (B, h, T, T) both.

        Which rows: those before it; with mask=None or booleans, those of all other tokens that it may look at.
        """
        if isinstance(mask, str):
            return F.pad(maps, (0, 0, 1, 0))[..., :-1, :].cumsum(-2)
        others = ~torch.eye(maps.shape[-1], dtype=torch.bool, device=maps.device)
        others = others if mask is None else others & mask
        return others.to(maps.dtype) @ maps


class DINTAttention(RowsBefore, DiffAttention):
    """Differential attention plus what is important to all: the integral, the mean of the first map's columns.

    w = A1 - lambda A2 + lambda G, (B, h, T, S) in [-lambda, 1 + lambda]; rows sum to 1. G[t] is the mean of the rows of
    A1 up to t, so that nothing leaks from the future: the paper's mean over all rows is that of mask=None. With
    booleans it is the mean over the rows of the tokens that t may look at, and its own; hidden keys stay at 0. Where
    keys come from a context, G[t] = A1[t]. The rest as in DiffAttention.
    Source: Cang et al., DINT Transformer, arXiv 2501.17486.

    >>> _, weights = DINTAttention(dim=16, n_heads=2)(torch.randn(1, 5, 16), return_weights=True)
    >>> torch.allclose(weights.sum(-1), torch.ones(1, 2, 5))
    True
    """

    def __init__(self, dim: int, n_heads: int, layer: int = 1, **options: Any) -> None:
        super().__init__(dim, n_heads, layer, form="maps", **options)

    def attend(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Mask, x: Tensor, context: Tensor | None, return_weights: bool
    ) -> tuple[Tensor, Tensor]:
        first, second = (attention_weights(a, b, mask) for a, b in zip(q.chunk(2, -1), k.chunk(2, -1), strict=True))
        total = first if context is not None else self.rows_before(first, mask) + first
        if isinstance(mask, Tensor):  # another token may see what this one may not, under a window for instance
            total = total.where(mask, 0)
        mean = total / total.sum(-1, keepdim=True)  # each row of A1 sums to 1: the sum counts the rows
        weights = first + self.lam * (mean - second)
        return weights @ v, weights


class SelectiveAttention(RowsBefore, ScoredAttention):
    """A token may say that an earlier one is no longer needed: the tokens after it then look there less.

    w = softmax(s - F), with F[t, j] = sum of R[i, j] over i < t, and R = relu(scores of the first head), 0 for j = i,
    for the first token and where masked. (B, h, T, S) in [0, 1]; rows sum to 1; no parameters. Without a causal mask
    the tokens still speak to those after them; with booleans, to those that may look at them. Where keys come from a
    context it is ordinary attention. Source: Leviathan et al., Selective Attention, arXiv 2410.02703.

    >>> SelectiveAttention(dim=16, n_heads=4)(torch.randn(1, 5, 16)).shape
    torch.Size([1, 5, 16])
    """

    def attend(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Mask, x: Tensor, context: Tensor | None, return_weights: bool
    ) -> tuple[Tensor, Tensor]:
        weigh = self.weigh if context is None else super().weigh
        weights = weigh(scaled_scores(q, k), mask)
        return weights @ v, weights

    def weigh(self, scores: Tensor, mask: Mask) -> Tensor:
        spared = torch.eye(scores.shape[-1], dtype=torch.bool, device=scores.device)  # a token itself, and the first
        spared[:, 0] = True
        selected = masked(scores[:, :1], mask_of_head(mask, 0)).relu().masked_fill(spared, 0)  # R, (B, 1, T, T)
        order = mask & torch.ones_like(spared).tril() if isinstance(mask, Tensor) else "causal"
        return masked(scores - self.rows_before(selected, order), mask).softmax(-1)


def mask_of_head(mask: Mask, head: int) -> Mask:
    """The part of a mask that is one head's, its axis kept."""
    if isinstance(mask, Tensor) and mask.ndim == 4 and mask.shape[1] > 1:
        return mask[:, head : head + 1]
    return mask


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
    "mean_maps": lambda dim, n_heads, layer, rope: MeanAttention(dim, _half(n_heads), rope=rope),
    "shared": lambda dim, n_heads, layer, rope: SharedDiffAttention(dim, _half(n_heads), layer, rope=rope),
    "grouped": lambda dim, n_heads, layer, rope: GroupedDiffAttention(dim, _quarter(n_heads), layer, rope=rope),
    "dint": lambda dim, n_heads, layer, rope: DINTAttention(dim, _half(n_heads), layer, rope=rope),
    "selective": lambda dim, n_heads, layer, rope: SelectiveAttention(dim, n_heads, rope=rope),
}


def make_attention(
    name: str, dim: int, n_heads: int, layer: int = 1, rope: bool = False, bias: bool = False
) -> MultiHeadAttention:
    """An attention layer by its name, equal in size to an ordinary one of that dim and n_heads.

    name: a key of KINDS. layer counts from 1; only kinds with a schedule use it. The number of parameters differs from
    4 dim^2 by what parameter_surplus says. bias: on the projections, for "standard" alone. Raises ValueError for an
    unknown name, an n_heads that does not divide into pairs (or, for "grouped", into fours) where the kind needs them,
    and a bias where there is none.

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
    return sum(p.numel() for p in make_attention(name, dim, n_heads).parameters()) - 4 * int(dim) ** 2


def _half(n_heads: int) -> int:
    if n_heads % 2:
        raise ValueError(f"n_heads={n_heads} is odd; differential attention pairs heads: choose {n_heads + 1}")
    return n_heads // 2


def _quarter(n_heads: int) -> int:
    if n_heads % 4:
        above = n_heads + -n_heads % 4
        raise ValueError(f"n_heads={n_heads} does not divide into groups of three signals and a noise: choose {above}")
    return n_heads // 4
