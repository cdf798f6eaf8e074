"""DiffAttention: the layer of the Differential Transformer, version 1, with its weights."""

import torch
from torch import Tensor, nn

from .attention import Mask, check_mask
from .differential import differential_attention, lambda_init, lambda_value

FORMS = ("auto", "maps")


class DiffAttention(nn.Module):
    """Multi-head differential attention, version 1.

    dim: width of the model. n_heads: differential heads, half as many as an ordinary layer of equal size has; each
    subtracts two maps of head_dim = dim / (2 n_heads) and takes values of width 2 head_dim. layer counts from 1 and
    sets lambda_init; one lambda serves all heads of the layer. n_kv_heads: differential heads of keys and values, each
    shared by n_heads / n_kv_heads heads. form: how the maps are computed ("maps" holds both in memory; "auto" chooses).

    forward(x, mask="causal", return_weights=False): x (B, T, dim) -> (B, T, dim), and with return_weights the maps
    A1 - lambda A2, (B, n_heads, T, T), in [-lambda, 1]. mask: "causal", None, or booleans, True = may look, of shape
    (T, T) or one that broadcasts to (B, n_heads, T, T).
    Raises TypeError or ValueError, before any arithmetic, for sizes that do not divide, x of the wrong rank, width,
    dtype or device, NaN, and masks as attention_weights does.

    Source: Ye et al., Differential Transformer, arXiv 2410.05258, section 2.1. Sub-heads are paired (2i, 2i + 1) as in
    the authors' code, whose `out_proj` and `subln` are `o_proj` and `norm` here.

    >>> attention = DiffAttention(dim=16, n_heads=2)
    >>> output, weights = attention(torch.randn(1, 5, 16), return_weights=True)
    >>> output.shape, weights.shape
    (torch.Size([1, 5, 16]), torch.Size([1, 2, 5, 5]))
    """

    def __init__(
        self,
        dim: int,
        n_heads: int,
        layer: int = 1,
        n_kv_heads: int | None = None,
        form: str = "auto",
        eps: float = 1e-5,
    ) -> None:
        super().__init__()
        n_kv_heads = n_heads if n_kv_heads is None else n_kv_heads
        _check_sizes(dim, n_heads, n_kv_heads, form, eps)
        self.dim, self.n_heads, self.n_kv_heads, self.form = dim, n_heads, n_kv_heads, form
        self.head_dim = dim // (2 * n_heads)
        self.lambda_init = lambda_init(layer)

        kv_dim = 2 * n_kv_heads * self.head_dim
        self.q_proj = nn.Linear(dim, dim, bias=False)
        self.k_proj = nn.Linear(dim, kv_dim, bias=False)
        self.v_proj = nn.Linear(dim, kv_dim, bias=False)
        self.o_proj = nn.Linear(dim, dim, bias=False)
        for name in ("lambda_q1", "lambda_k1", "lambda_q2", "lambda_k2"):
            self.register_parameter(name, nn.Parameter(0.1 * torch.randn(self.head_dim)))
        self.norm = nn.RMSNorm(2 * self.head_dim, eps=eps)  # one weight for all heads; each head is normed on its own

    @property
    def lam(self) -> Tensor:
        """The layer's lambda now, a tensor of shape (); around lambda_init at the start."""
        return lambda_value(self.lambda_q1, self.lambda_k1, self.lambda_q2, self.lambda_k2, self.lambda_init)

    def forward(self, x: Tensor, mask: Mask = "causal", return_weights: bool = False) -> Tensor | tuple[Tensor, Tensor]:
        self._check(x, mask)
        q1, q2 = self._pairs(self.q_proj(x))  # (B, h, T, d) each
        k1, k2 = self._pairs(self.k_proj(x))
        v = self._heads(self.v_proj(x))  # (B, h, T, 2d)
        heads, weights = differential_attention(q1, k1, q2, k2, v, self.lam, mask)  # (B, h, T, 2d), (B, h, T, T)
        heads = self.norm(heads) * (1 - self.lambda_init)
        output = self.o_proj(heads.transpose(1, 2).flatten(2))  # (B, T, h * 2d = dim) -> (B, T, dim)
        return (output, weights) if return_weights else output

    def _heads(self, x: Tensor) -> Tensor:
        """(B, T, heads * 2d) -> (B, n_heads, T, 2d). Shared keys and values are repeated for those that share them."""
        x = x.unflatten(-1, (-1, 2 * self.head_dim)).transpose(1, 2)
        return x.repeat_interleave(self.n_heads // x.shape[1], dim=1)

    def _pairs(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The two sub-heads of every head. Paired first, shared afterwards: a pair never mixes two groups of keys."""
        return self._heads(x).chunk(2, dim=-1)

    def _check(self, x: Tensor, mask: Mask) -> None:
        if not isinstance(x, Tensor):
            raise TypeError(f"x must be a torch tensor, not {type(x).__name__}: torch.as_tensor(x)")
        if x.ndim != 3 or x.shape[-1] != self.dim or x.shape[1] == 0:
            raise ValueError(f"x has shape {tuple(x.shape)}; (B, T, dim={self.dim}) is expected, with T at least 1")
        weight = self.q_proj.weight
        if x.device != weight.device:
            raise ValueError(f"x is on {x.device} and the weights on {weight.device}; move one of them")
        if x.dtype != weight.dtype and not torch.is_autocast_enabled(x.device.type):
            raise TypeError(f"x has dtype {x.dtype} and the weights {weight.dtype}; convert one: x.to({weight.dtype})")
        if not x.isfinite().all():
            raise ValueError("x holds NaN or infinity, which would spread to every token that looks at it")
        if isinstance(mask, Tensor) and mask.ndim == 3:
            raise ValueError(
                f"mask has shape {tuple(mask.shape)}, three axes, which could mean two things; "
                "write mask[:, None] if its first axis is the batch, mask[None] if it is the heads"
            )
        check_mask(mask, x, (x.shape[0], self.n_heads, x.shape[1], x.shape[1]))

    def extra_repr(self) -> str:
        return f"n_heads={self.n_heads}, n_kv_heads={self.n_kv_heads}, lambda_init={self.lambda_init:.4f}"


def _check_sizes(dim: int, n_heads: int, n_kv_heads: int, form: str, eps: float) -> None:
    for name, value in (("dim", dim), ("n_heads", n_heads), ("n_kv_heads", n_kv_heads)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} must be a whole number from 1 on; it is {value!r}")
    if dim % (2 * n_heads):
        step = 2 * n_heads
        below = max(dim // step, 1) * step
        raise ValueError(
            f"dim={dim} is not divisible by 2 * n_heads = {step}; choose dim from {below}, {below + step}, ..."
        )
    if n_heads % n_kv_heads:
        divisors = ", ".join(str(n) for n in range(1, n_heads + 1) if n_heads % n == 0)
        raise ValueError(f"n_heads={n_heads} is not divisible by n_kv_heads={n_kv_heads}; choose from {divisors}")
    if form not in FORMS:
        raise ValueError(f"form={form!r}; the forms are {', '.join(map(repr, FORMS))}")
    if not eps > 0:
        raise ValueError(f"eps must be a small positive number, 1e-5 for instance; it is {eps}")
