"""The forms of (A1 - lambda A2) V: the plain formula, and two fast ones that keep no maps of a long text.

All take q (B, h, T, 2d), the queries of the two maps side by side; k (B, h, S, 2d) likewise, or (B, h, S, d) where both
maps look at the same keys; v (B, h, S, e); lam, a number or a tensor that broadcasts to (B, h, T, 1); and a mask as
`differential_attention` does. All give the same output, (B, h, T, e).
"""

import math
from collections.abc import Iterator
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .attention import Mask
from .differential import differential_attention

ROWS = 96  # of a block
BLOCK = 2**20  # numbers of a block of one map, all its heads together: 4 MB in float32
KEPT = 2**18  # maps of no more numbers, all heads together, are kept for the backward pass; larger ones are made again


def maps(q: Tensor, k: Tensor, v: Tensor, lam: Any, mask: Mask = None) -> tuple[Tensor, Tensor]:
    """The plain formula, for queries and keys side by side: the output and A1 - lambda A2, (B, h, T, S)."""
    q1, q2 = q.chunk(2, dim=-1)
    k1, k2 = k.chunk(2, dim=-1) if k.shape[-1] == q.shape[-1] else (k, k)
    return differential_attention(q1, k1, q2, k2, v, lam, mask)


def padded(q: Tensor, k: Tensor, v: Tensor, lam: Any, mask: Mask = None) -> Tensor:
    """One fused call for both maps, then the subtraction of what they say.

    The fused kernel needs queries, keys and values of one width: zeros bring q and k to that of v, which is at least d,
    and change no dot product; the scale stays 1 / sqrt(d).

    >>> q, k, v = torch.randn(3, 1, 2, 6, 8)
    >>> padded(q, k, v, 0.5, "causal").shape
    torch.Size([1, 2, 6, 8])
    """
    d, e = q.shape[-1] // 2, v.shape[-1]
    shared = k.shape[-1] == d
    q, k = (torch.cat(pair, dim=1) for pair in (q.chunk(2, dim=-1), (k, k) if shared else k.chunk(2, dim=-1)))
    q, k = (F.pad(x, (0, e - d)) for x in (q, k))  # (B, 2h, T, e)
    causal = isinstance(mask, str)
    if isinstance(mask, Tensor) and mask.ndim == 4 and mask.shape[1] > 1:
        mask = mask.repeat(1, 2, 1, 1)
    v = torch.cat([v, v], dim=1)
    said = F.scaled_dot_product_attention(q, k, v, None if causal else mask, is_causal=causal, scale=d**-0.5)
    first, second = said.chunk(2, dim=1)  # (B, h, T, e) each
    return first - lam * second


def blocked(q: Tensor, k: Tensor, v: Tensor, lam: Any, mask: Mask = None) -> Tensor:
    """Both maps, a block of rows at a time, subtracted before the one product with the values, then forgotten.

    It needs no more products than ordinary attention of that size, and memory linear in the length: the backward pass
    makes the maps again. bfloat16 and float16 are computed in float32.

    >>> q, k, v = torch.randn(3, 1, 2, 6, 8)
    >>> blocked(q, k, v, 0.5, "causal").shape
    torch.Size([1, 2, 6, 8])
    """
    B, h, T, _ = q.shape
    lam = lam if isinstance(lam, Tensor) else q.new_tensor(lam)
    mask = mask.expand(B, h, T, k.shape[-2]) if isinstance(mask, Tensor) else mask
    return _Blocked.apply(q, k, v, lam.to(q.dtype).expand(B, h, T, 1), mask)


class _Blocked(torch.autograd.Function):
    """Below, G = B * h heads lie one after the other, g of them are computed at once, r rows at a time.

    The two maps of a head lie side by side, (g, 2, r, S), so that a thread that is given a head has both. m counts the
    keys of a head: 2, or 1 where both maps look at the same. What is returned has the memory (T, G, ...), from which
    the projections take it without a copy for B = 1.
    """

    @staticmethod
    def forward(ctx: Any, *arguments: Any) -> Tensor:
        *inputs, mask = arguments
        ctx.save_for_backward(*inputs)
        q, k, v, lam = _heads(*inputs)
        (G, S, e), T = v.shape, q.shape[2]
        keep = G * T * S <= KEPT and any(ctx.needs_input_grad)
        ctx.mask, ctx.kept = mask, []
        output, spare = v.new_empty(T, G, e).transpose(0, 1), _space(q, k, mask, 1)
        for heads, rows, keys, _, pair in _blocks(q, k, mask, keep=keep):
            if keep:
                ctx.kept.append(pair)
            output[heads, rows] = torch.bmm(_subtract(pair, lam[heads, rows], spare), v[heads, keys])
        return output.view(*inputs[0].shape[:-1], e).to(inputs[0].dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():  # the gradients are to be differentiated again
            return _second(ctx, grad)
        inputs, mask = ctx.saved_tensors, ctx.mask
        q, k, v, lam = _heads(*inputs)
        grad = grad.to(v.dtype).flatten(0, 1)  # (G, T, e)
        (G, _, T, d), (_, m, S, _), e = q.shape, k.shape, v.shape[-1]
        dq, dk, dv, dlam = (q.new_empty(shape) for shape in ((T, G, 2, d), (S, G * m, d), (S, G, e), (G, T, 1)))
        dq_heads, dk_heads, dv_heads = dq.permute(1, 2, 0, 3), dk.transpose(0, 1), dv.transpose(0, 1)
        # What each map counts for, (G, 2, T, 1), goes to the queries, which are small, and not to the scores.
        counts = torch.stack([torch.ones_like(lam), -lam], 1) * d**-0.5
        spare, wide = _space(q, k, mask, 1), _space(q, k, mask, 2)
        for heads, rows, keys, k_heads, pair in _blocks(q, k, mask, ctx.kept):
            both, add = slice(heads.start * m, heads.stop * m), float(rows.stop < T)  # the first rows see every key
            said = grad[heads, rows]  # (g, r, e)
            dmap = torch.bmm(said, v[heads, keys].mT, out=_view(spare, pair[:, 0].shape))
            dscores = torch.mul(pair, dmap[:, None], out=_view(wide, pair.shape))
            means = dscores.sum(-1, keepdim=True)
            dlam[heads, rows] = means[:, 1]
            dscores = dscores.addcmul_(pair, means, value=-1).view(len(k_heads), -1, keys.stop)  # (g m, 2 r / m, S)
            dq_heads[heads, :, rows] = torch.bmm(dscores, k_heads[:, keys]).view(-1, 2, said.shape[1], d)
            asked = (q[heads, :, rows] * counts[heads, :, rows]).reshape(len(k_heads), -1, d)
            dk_heads[both, keys].baddbmm_(dscores.mT, asked, beta=add)
            dv_heads[heads, keys].baddbmm_(_subtract(pair, lam[heads, rows], spare).mT, said, beta=add)
        dq_heads.mul_(counts)
        grads = (dq.flatten(2), dk.view(S, G, -1), dv, dlam.neg_().transpose(0, 1))
        return *(x.transpose(0, 1).view(y.shape).to(y.dtype) for x, y in zip(grads, inputs, strict=True)), None


def _second(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
    """The gradients as functions that can be differentiated again: those of the plain formula."""
    inputs = ctx.saved_tensors
    wanted = [x for x, needed in zip(inputs, ctx.needs_input_grad, strict=False) if needed]
    output, _ = maps(*inputs, ctx.mask)
    found = iter(torch.autograd.grad(output, wanted, grad, create_graph=True))
    return *(next(found) if needed else None for needed in ctx.needs_input_grad[:-1]), None


def _heads(q: Tensor, k: Tensor, v: Tensor, lam: Tensor) -> tuple[Tensor, ...]:
    """q (G, 2, T, d), k (G, m, S, d), v (G, S, e), lam (G, T, 1), in float32 at least; nothing is copied for B = 1."""
    wide, d = torch.promote_types(q.dtype, torch.float32), q.shape[-1] // 2
    q, k = (x.unflatten(-1, (-1, d)).transpose(2, 3) for x in (q, k))
    return tuple(x.to(wide).flatten(0, 1) for x in (q, k, v, lam))


def _blocks(
    q: Tensor, k: Tensor, mask: Mask, kept: list[Tensor] | None = None, keep: bool = False
) -> Iterator[tuple[slice, slice, slice, Tensor, Tensor]]:
    """For every block: its heads, its rows, the keys that it may see, all keys of its heads, (g m, S, d), and its pair
    of maps, (g, 2, r, S). The last rows come first.

    Unless they are to be kept, every block is given the same memory: to ask the system for megabytes again and again
    takes longer than to fill them.
    """
    (G, _, T, d), S = q.shape, k.shape[2]
    causal, at_once = isinstance(mask, str), _at_once(G, S)
    memory = None if keep or kept else _space(q, k, mask, 2)
    pairs = iter(kept or ())
    for i in range(0, G, at_once):
        heads = slice(i, min(i + at_once, G))
        k_heads = k[heads].flatten(0, 1)  # (g m, S, d)
        for rows in _rows(T):
            keys = slice(0, rows.stop if causal else S)
            if kept:
                yield heads, rows, keys, k_heads, next(pairs)
                continue
            shape = heads.stop - i, 2, rows.stop - rows.start, keys.stop
            pair = q.new_empty(shape) if keep else _view(memory, shape)
            scores = pair.view(len(k_heads), -1, keys.stop)  # (g m, 2 r / m, S)
            asked = q[heads, :, rows].reshape(len(k_heads), -1, d)
            torch.baddbmm(scores, asked, k_heads[:, keys].mT, beta=0, alpha=d**-0.5, out=scores)
            if causal:
                pair[..., rows] += _future(shape[2], q.dtype, q.device)
            elif mask is not None:
                pair.masked_fill_(~mask[:, :, rows].flatten(0, 1)[heads, None], -math.inf)
            torch.softmax(pair, -1, out=pair)
            yield heads, rows, keys, k_heads, pair


@cache
def _future(n: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """What is added to the scores of n tokens among themselves: minus infinity for those to come."""
    return torch.full((n, n), -math.inf, dtype=dtype, device=device).triu_(1)


def _rows(T: int) -> list[slice]:
    return [slice(start, min(start + ROWS, T)) for start in reversed(range(0, T, ROWS))]


def _subtract(pair: Tensor, lam: Tensor, memory: Tensor) -> Tensor:
    """A1 - lambda A2 of a block, (g, r, S), in memory at hand."""
    first, second = pair.unbind(1)
    return torch.addcmul(first, second, lam, value=-1, out=_view(memory, first.shape))


def _at_once(G: int, S: int) -> int:
    """How many heads are computed at once."""
    return min(G, max(1, BLOCK // (ROWS * S)))


def _space(q: Tensor, k: Tensor, mask: Mask, n: int) -> Tensor:
    """Memory for n tensors of the size of the largest block of one map."""
    (G, _, T, _), S = q.shape, k.shape[2]
    seen = ((rows.stop - rows.start) * (rows.stop if isinstance(mask, str) else S) for rows in _rows(T))
    return q.new_empty(n * _at_once(G, S) * max(seen))


def _view(memory: Tensor, shape: tuple[int, ...]) -> Tensor:
    return memory[: math.prod(shape)].view(shape)
