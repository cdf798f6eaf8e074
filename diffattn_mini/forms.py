"""Fast forms of (A1 - lambda A2) V. All give what `differential_attention` gives; none keeps the maps."""

import math
from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from .attention import Mask

ROWS = 64  # of a block
BLOCK = 2**20  # numbers of a block of one map, all its heads together: 4 MB in float32
KEPT = 2**18  # maps of no more numbers, all heads together, are kept for the backward pass; larger ones are made again


def padded(q1: Tensor, k1: Tensor, q2: Tensor, k2: Tensor, v: Tensor, lam: Any, mask: Mask = None) -> Tensor:
    """One fused call for both maps, then the subtraction of what they say.

    The fused kernel needs queries, keys and values of one width: zeros bring q and k to that of v and change no dot
    product; the scale stays 1 / sqrt(d). Shapes as in differential_attention, (B, h, T, d) and (B, h, S, e) with e at
    least d; lam a number or a tensor that broadcasts to (B, h, T, 1). Returns the output (B, h, T, e).

    >>> q1, k1, q2, k2, v = torch.randn(5, 1, 2, 6, 4)
    >>> padded(q1, k1, q2, k2, v, 0.5, "causal").shape
    torch.Size([1, 2, 6, 4])
    """
    d, e = q1.shape[-1], v.shape[-1]
    q, k = (F.pad(torch.cat(pair, dim=1), (0, e - d)) for pair in ((q1, q2), (k1, k2)))  # (B, 2h, T, e)
    causal = isinstance(mask, str)
    if isinstance(mask, Tensor) and mask.ndim == 4 and mask.shape[1] > 1:
        mask = mask.repeat(1, 2, 1, 1)
    v = torch.cat([v, v], dim=1)
    said = F.scaled_dot_product_attention(q, k, v, None if causal else mask, is_causal=causal, scale=d**-0.5)
    first, second = said.chunk(2, dim=1)  # (B, h, T, e) each
    return first - lam * second


def blocked(q1: Tensor, k1: Tensor, q2: Tensor, k2: Tensor, v: Tensor, lam: Any, mask: Mask = None) -> Tensor:
    """Both maps, a block of rows at a time, subtracted before the one product with the values, then forgotten.

    It needs no more products than ordinary attention of that size, and memory linear in the length: the backward pass
    makes the maps again. Shapes as for padded, e of any size. bfloat16 and float16 are computed in float32.

    >>> q1, k1, q2, k2, v = torch.randn(5, 1, 2, 6, 4)
    >>> blocked(q1, k1, q2, k2, v, 0.5, "causal").shape
    torch.Size([1, 2, 6, 4])
    """
    B, h, T, _ = q1.shape
    lam = lam if isinstance(lam, Tensor) else q1.new_tensor(lam)
    lam = lam.to(q1.dtype).expand(B, h, T, 1)
    if isinstance(mask, Tensor):
        mask = mask.expand(B, h, T, k1.shape[-2]).flatten(0, 1)
    return _Blocked.apply(q1, k1, q2, k2, v, lam, mask)


class _Blocked(torch.autograd.Function):
    """Below, G = B * h heads lie one after the other, g of them are computed at once, r rows at a time."""

    @staticmethod
    def forward(ctx: Any, *arguments: Any) -> Tensor:
        *inputs, mask = arguments
        ctx.save_for_backward(*inputs)
        ctx.mask = mask
        q1, k1, q2, k2, v, lam = _flat(inputs)
        output = v.new_empty(v.shape[0], q1.shape[1], v.shape[2])  # (G, T, e)
        keep = q1.shape[0] * q1.shape[1] * k1.shape[1] <= KEPT and any(ctx.needs_input_grad)
        blocks = _blocks(q1, k1, q2, k2, mask, keep)
        ctx.blocks = blocks = list(blocks) if keep else blocks
        spare = _space(q1, k1, 1)
        for heads, rows, keys, first, second in blocks:
            (difference,) = _views(spare, first.shape)  # (g, r, S)
            torch.sub(first, torch.mul(second, lam[heads, rows], out=difference), out=difference)
            output[heads, rows] = torch.bmm(difference, v[heads, keys])
        if not keep:
            ctx.blocks = None
        return output.view(*inputs[0].shape[:-1], -1).to(inputs[0].dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        q1, k1, q2, k2, v, lam = _flat(ctx.saved_tensors)
        grad = grad.flatten(0, 1).to(v.dtype)  # (G, T, e)
        dq1, dq2, dlam = torch.empty_like(q1), torch.empty_like(q2), torch.empty_like(lam)
        dk1, dk2, dv = torch.zeros_like(k1), torch.zeros_like(k2), torch.zeros_like(v)
        weighted = q2 * -lam  # -lambda goes where it is small: to the queries, not to the maps
        spare = _space(q1, k1, 2)
        for heads, rows, keys, first, second in ctx.blocks or _blocks(q1, k1, q2, k2, ctx.mask):
            dmap, dscores = _views(spare, first.shape)  # (g, r, S)
            said = grad[heads, rows]  # (g, r, e)
            torch.bmm(said, v[heads, keys].mT, out=dmap)
            dlam[heads, rows] = torch.mul(dmap, second, out=dscores).sum(-1, keepdim=True)
            for q, k, dq, dk, map_ in ((q1, k1, dq1, dk1, first), (weighted, k2, dq2, dk2, second)):
                torch._softmax_backward_data(dmap, map_, -1, dmap.dtype, grad_input=dscores)
                dq[heads, rows] = torch.bmm(dscores, k[heads, keys])
                dk[heads, keys].baddbmm_(dscores.mT, q[heads, rows])
            difference = torch.sub(first, torch.mul(second, lam[heads, rows], out=dmap), out=dmap)
            dv[heads, keys].baddbmm_(difference.mT, said)
        scale = q1.shape[-1] ** -0.5
        grads = (dq1.mul_(scale), dk1, dq2.mul_(lam * -scale), dk2, dv, dlam.neg_())
        return *(x.view(y.shape).to(y.dtype) for x, y in zip(grads, ctx.saved_tensors, strict=True)), None


def _flat(inputs: Any) -> list[Tensor]:
    """(B, h, T, d) -> (G, T, d), in float32 at least, the queries divided by sqrt(d)."""
    wide = torch.promote_types(inputs[0].dtype, torch.float32)
    q1, k1, q2, k2, v, lam = (x.to(wide).flatten(0, 1) for x in inputs)
    scale = q1.shape[-1] ** -0.5
    return [q1 * scale, k1, q2 * scale, k2, v, lam]


def _blocks(
    q1: Tensor, k1: Tensor, q2: Tensor, k2: Tensor, mask: Mask, keep: bool = False
) -> Iterator[tuple[slice, slice, slice, Tensor, Tensor]]:
    """For every block: its heads, its rows, the keys that it may see, and its part of both maps, (g, r, S).

    Unless they are to be kept, every block is given the same memory: to ask the system for megabytes again and again
    takes longer than to fill them.
    """
    G, T, S = q1.shape[0], q1.shape[1], k1.shape[1]
    causal = isinstance(mask, str)
    future = torch.full((ROWS, ROWS), -math.inf, dtype=q1.dtype, device=q1.device).triu_(1) if causal else None
    at_once = _at_once(G, S)
    memory = None if keep else _space(q1, k1, 2)
    for i in range(0, G, at_once):
        heads = slice(i, min(i + at_once, G))
        for start in range(0, T, ROWS):
            rows = slice(start, min(start + ROWS, T))
            keys = slice(0, rows.stop if causal else S)
            shape = heads.stop - heads.start, rows.stop - rows.start, keys.stop
            first, second = q1.new_empty(2, *shape) if memory is None else _views(memory, shape)
            for q, k, scores in ((q1, k1, first), (q2, k2, second)):
                torch.bmm(q[heads, rows], k[heads, keys].mT, out=scores)
                if causal:
                    scores[:, :, start:] += future[: shape[1], : shape[1]]
                elif mask is not None:
                    scores.masked_fill_(~mask[heads, rows], -math.inf)
                torch.softmax(scores, -1, out=scores)
            yield heads, rows, keys, first, second


def _at_once(G: int, S: int) -> int:
    """How many heads are computed at once."""
    return min(G, max(1, BLOCK // (ROWS * S)))


def _space(q1: Tensor, k1: Tensor, n: int) -> Tensor:
    """Memory for n tensors of the size of the largest block."""
    (G, T), S = q1.shape[:2], k1.shape[1]
    return q1.new_empty(n, _at_once(G, S) * min(ROWS, T) * S)


def _views(memory: Tensor, shape: tuple[int, ...]) -> list[Tensor]:
    return [part[: math.prod(shape)].view(shape) for part in memory]
