"""DiffAttention: the layers of the Differential Transformer, versions 1 and 2, with their weights."""

from typing import Any

import torch
from torch import Tensor, nn

from ..arrays import check_positive, is_eager
from .differential import lambda_init, lambda_value
from .forms import blocked, maps, padded
from .head_norm import head_norm
from .multi_head import MultiHeadAttention
from .scaled import Mask

FORMS = ("auto", "maps", "padded", "blocked")


def subtract(
    form: str, q: Tensor, k: Tensor, v: Tensor, lam: Any, mask: Mask, return_weights: bool
) -> tuple[Tensor, Tensor | None]:
    """(A1 - lambda A2) V by one of the FORMS, and the map itself where asked for, which needs the form "maps".

    Shapes as in forms.py: q (B, h, T, 2d), the queries of both maps side by side.
    """
    if form == "maps" or return_weights:
        return maps(q, k, v, lam, mask)
    if form == "auto":  # see book/results/bench-cpu-*.md; on a GPU the fused kernel of the framework
        nothing_to_pad = 2 * v.shape[-1] == q.shape[-1]
        fused = q.device.type != "cpu" or not is_eager(q) or (nothing_to_pad and k.shape[-2] > 1024)
        form = "padded" if fused else "blocked"
    fast = padded if form == "padded" else blocked
    return fast(q, k, v, lam, mask), None


class DiffAttention(MultiHeadAttention):
    """Multi-head differential attention, version 1.

    dim: width of the model. n_heads: differential heads, half as many as an ordinary layer of equal size has; each
    subtracts two maps of head_dim = dim / (2 n_heads) and takes values of width 2 head_dim. layer counts from 1 and
    sets lambda_init; one lambda serves all heads of the layer. n_kv_heads: differential heads of keys and values, each
    shared by n_heads / n_kv_heads heads. rope: turn each part of queries and keys by its positions. form: "maps" holds
    both maps in memory, "padded" makes one fused call, "blocked" subtracts a block of rows at a time and needs memory
    linear in T; all give the same, and all are "maps" where the weights are asked for. "auto" is "blocked" on a
    processor, the fastest there without a mask of one's own, and "padded" on a GPU.

    forward(x, mask="causal", return_weights=False, context=None, cache=None): x (B, T, dim) -> (B, T, dim), and with
    return_weights the maps A1 - lambda A2, (B, n_heads, T, S), in [-lambda, 1] for lambda from 0 on. The rest as in
    MultiHeadAttention.
    Raises TypeError or ValueError, before any arithmetic, for sizes that do not divide, x of the wrong rank, width,
    dtype or device, NaN, and masks as attention_weights does.

    Source: Ye et al., Differential Transformer, arXiv 2410.05258, section 2.1. Sub-heads are paired (2i, 2i + 1) as in
    the authors' code, whose `out_proj` and `subln` are `o_proj` and `norm` here; for `transformers` see
    diff_llama_weights.

    >>> attention = DiffAttention(dim=16, n_heads=2)
    >>> output, weights = attention(torch.randn(1, 5, 16), return_weights=True)
    >>> output.shape, weights.shape
    (torch.Size([1, 5, 16]), torch.Size([1, 2, 5, 5]))
    """

    n_maps = 2

    def __init__(
        self,
        dim: int,
        n_heads: int,
        layer: int = 1,
        n_kv_heads: int | None = None,
        form: str = "auto",
        eps: float = 1e-5,
        rope: bool = False,
    ) -> None:
        super().__init__(dim, n_heads, n_kv_heads, rope)
        _check_form(form)
        self.form, self.lambda_init = form, lambda_init(layer)
        for name in ("lambda_q1", "lambda_k1", "lambda_q2", "lambda_k2"):
            self.register_parameter(name, nn.Parameter(0.1 * torch.randn(self.head_dim)))
        # one weight for all heads; each head is normed on its own
        self.norm = nn.RMSNorm(2 * self.head_dim, check_positive("eps", eps, "1e-5"))

    @property
    def lam(self) -> Tensor:
        """The layer's lambda now, a tensor of shape (); around lambda_init at the start."""
        vectors = self.lambda_q1, self.lambda_k1, self.lambda_q2, self.lambda_k2
        return lambda_value.__wrapped__(*vectors, self.lambda_init)  # the layer's own vectors need no checking

    def attend(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Mask, x: Tensor, context: Tensor | None, return_weights: bool
    ) -> tuple[Tensor, Tensor | None]:
        return subtract(self.form, q, k, v, self.lam, mask, return_weights)  # (B, h, T, 2d), (B, h, T, S)

    def finish(self, heads: Tensor, x: Tensor) -> Tensor:
        """The norm of each head times 1 - lambda_init."""
        return head_norm(heads, self.norm.weight, 1 - self.lambda_init, self.norm.eps)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, lambda_init={self.lambda_init:.4f}"


class DiffAttentionV2(MultiHeadAttention):
    """Multi-head differential attention, version 2: two queries a head, one key, and a lambda for every token.

    dim: width of the model. n_heads: differential heads of width head_dim = dim / n_heads, as many as the ordinary
    layer has; each has two queries and subtracts their maps over the same keys and values. n_kv_heads: heads of keys
    and values; n_heads / 2 gives the layer as many parameters as ordinary attention, but for the n_heads * dim of
    lambda_proj. lambda = sigmoid(x W) lies in (0, 1), one for every token and head. No norm, no lambda_init. form: as
    in DiffAttention, but that "auto" is "padded" past 1024 keys: here there is nothing to pad.

    forward as in MultiHeadAttention; the maps A1 - lambda A2, (B, n_heads, T, S), lie in (-1, 1).
    Source: Ye et al., Differential Transformer V2, Microsoft and Hugging Face, January 2026.

    >>> attention = DiffAttentionV2(dim=16, n_heads=4, n_kv_heads=2)
    >>> attention(torch.randn(1, 5, 16)).shape
    torch.Size([1, 5, 16])
    """

    def __init__(
        self, dim: int, n_heads: int, n_kv_heads: int | None = None, form: str = "auto", rope: bool = False
    ) -> None:
        super().__init__(dim, n_heads, n_kv_heads, rope)
        _check_form(form)
        self.form = form
        self.q_proj = nn.Linear(self.dim, 2 * self.dim, bias=False)
        self.lambda_proj = nn.Linear(self.dim, self.n_heads, bias=False)

    def lam(self, x: Tensor) -> Tensor:
        """One lambda for every token and head: (B, T, dim) -> (B, n_heads, T, 1)."""
        return self.lambda_proj(x).sigmoid().transpose(1, 2)[..., None]

    def attend(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Mask, x: Tensor, context: Tensor | None, return_weights: bool
    ) -> tuple[Tensor, Tensor | None]:
        return subtract(self.form, q, k, v, self.lam(x), mask, return_weights)  # k (B, h, S, d) serves both queries


def diff_llama_weights(layer: DiffAttention) -> dict[str, Tensor]:
    """A layer's weights as `transformers` names and orders them, for DiffLlamaAttention.load_state_dict.

    There the sub-heads i and i + h make a pair, here 2i and 2i + 1; there RoPE turns feature j with j + d/2, here 2j
    with 2j + 1; and there the norm has no weight, so that it must be all ones here. Raises ValueError where it is not.

    >>> sorted(diff_llama_weights(DiffAttention(16, 2)))[:2]
    ['k_proj.weight', 'lambda_k1']
    """
    state = layer.state_dict()
    if not (state.pop("norm.weight") == 1).all():
        raise ValueError("norm.weight is not all ones, and DiffLlama's norm has no weight: fold it into o_proj first")
    for name in ("q_proj.weight", "k_proj.weight", "v_proj.weight"):
        parts = state[name].unflatten(0, (-1, 2, layer.head_dim))  # (heads, 2, d, dim)
        if name != "v_proj.weight":
            parts = torch.cat([parts[:, :, 0::2], parts[:, :, 1::2]], dim=2)
        state[name] = parts.transpose(0, 1).flatten(0, 2)
    return state


def _check_form(form: str) -> None:
    if form not in FORMS:
        raise ValueError(f"form={form!r}; the forms are {', '.join(map(repr, FORMS))}")
