"""The relatives of differential attention. Each is multi-head attention with one step changed, and says which."""

from collections.abc import Callable

from torch import Tensor, nn

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


# Every kind by its name, in the size that stands beside an ordinary layer of n_heads heads.
# name -> make(dim, n_heads, layer, rope)
KINDS: dict[str, Callable[..., MultiHeadAttention]] = {
    "standard": lambda dim, n_heads, layer, rope: MultiHeadAttention(dim, n_heads, rope=rope),
    "normed": lambda dim, n_heads, layer, rope: NormedAttention(dim, n_heads, rope=rope),
    "diff": lambda dim, n_heads, layer, rope: DiffAttention(dim, _half(n_heads), layer, rope=rope),
    "diff2": lambda dim, n_heads, layer, rope: DiffAttentionV2(dim, n_heads, _half(n_heads), rope=rope),
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
