"""The forms of (A1 - lambda A2) V: the plain formula, and two fast ones that keep no maps of a long text.

All take q (B, h, T, 2d), the queries of the two maps side by side; k (B, h, S, 2d) likewise, or (B, h, S, d) where both
maps look at the same keys; v (B, h, S, e); lam, a number or a tensor that broadcasts to (B, h, T, 1); and mask: None,
"causal" (T = S), or booleans that broadcast to (B, h, T, S), with something to see in every row. The layers see to it
that this is so. The output, (B, h, T, e), is the same for all. Source: Ye et al., arXiv 2410.05258, equation 1.
"""

import math
from collections.abc import Iterable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..arrays import is_eager
from .differential import differential_attention
from .scaled import Mask

ROWS = 96  # of a block: of 64, 96 and 128 the one that is quick for short texts and small enough for long ones
FEWEST = 16  # rows of a block, however long the text
BLOCK = 2**20  # numbers of a block of one map, all its heads together: 4 MB in float32, of which five are needed
KEPT = 2**18  # maps of no more numbers, all heads together, are kept for the backward pass; larger ones are made again
Block = tuple[slice, slice, slice]  # heads, rows, and the keys that they look at


def maps(q: Tensor, k: Tensor, v: Tensor, lam: Any, mask: Mask = None) -> tuple[Tensor, Tensor]:
    """The plain formula: the output and A1 - lambda A2, (B, h, T, S)."""
    q1, q2 = q.chunk(2, dim=-1)
    k1, k2 = k.chunk(2, dim=-1) if k.shape[-1] == q.shape[-1] else (k, k)
    return differential_attention(q1, k1, q2, k2, v, lam, mask)


def padded(q: Tensor, k: Tensor, v: Tensor, lam: Any, mask: Mask = None) -> Tensor:
    """One fused call for both maps, then the subtraction of what they say.

    The fused kernel needs queries, keys and values of one width: zeros bring q and k to that of v and change no dot
    product; the scale stays 1 / sqrt(d). Raises ValueError where v is narrower than d.

    >>> q, k, v = torch.randn(3, 1, 2, 6, 8)
    >>> padded(q, k, v, 0.5, "causal").shape
    torch.Size([1, 2, 6, 8])
    """
    d, e = q.shape[-1] // 2, v.shape[-1]
    if e < d:
        raise ValueError(f"v is {e} wide and each map {d}; the padded form needs v at least as wide: form='blocked'")
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

    Forward it needs no more products than ordinary attention of that size; the backward pass makes the maps of long
    texts again. Memory is linear in the length, but for what the caller's mask takes. bfloat16 and float16 are computed
    in float32. Gradients can be differentiated again, through the plain formula. While torch traces and inside
    `torch.func`, which do not see inside, the padded form stands in, or where values are too narrow the plain formula.
    Raises ValueError for no queries or no keys, and where "causal" meets keys that are not as many as the queries.
    Under "causal" a later token's scores may be infinite and spoil nothing before it; NaN they may not be.

    >>> q, k, v = torch.randn(3, 1, 2, 6, 8)
    >>> blocked(q, k, v, 0.5, "causal").shape
    torch.Size([1, 2, 6, 8])
    """
    (B, h, T, _), S = q.shape, k.shape[-2]
    if isinstance(mask, str) and (mask != "causal" or T != S):
        wants = f"mask={mask!r} must be 'causal' and needs as many: pass causal_mask({T}, {S})"
        raise ValueError(f"there are {T} queries and {S} keys; {wants}")
    if not (T and S):
        raise ValueError(f"there are {T} queries and {S} keys; at least one of each is expected")
    if not is_eager(q):
        return padded(q, k, v, lam, mask) if 2 * v.shape[-1] >= q.shape[-1] else maps(q, k, v, lam, mask)[0]
    lam = lam if isinstance(lam, Tensor) else q.new_tensor(lam, dtype=torch.promote_types(q.dtype, torch.float32))
    return _Blocked.apply(q, k, v, lam.expand(B, h, T, 1), mask)


class _Blocked(torch.autograd.Function):
    """With dA the gradient of A1 - lambda A2 and c = (1, -lambda) what each map counts for in it:

    dV = (A1 - lambda A2)^T dO,  dA = dO V^T,  D_i = A_i (dA - rowsum(A_i dA)),  `dlambda` = -rowsum(A2 dA),
    dQ_i = c_i D_i K_i / sqrt(d),  dK_i = D_i^T (c_i Q_i) / sqrt(d).

    G = B * h heads lie one after the other, g of them are computed at once, r rows at a time, so that a block of D is
    (g, 2, r, S): the two maps of a head side by side, for a thread that is given a head to have both. m counts the keys
    of a head: 2, or 1 where both maps look at the same. The output and dQ have the memory (T, G, ...), from which the
    projections take them without a copy for B = 1; dK and dV, to which every block adds, have that of the products
    until the end.
    """

    @staticmethod
    def forward(ctx: Any, *arguments: Any) -> Tensor:
        *inputs, mask = arguments
        (B, h, T, _), S, e = inputs[0].shape, *inputs[2].shape[2:]
        keep = B * h * T * S <= KEPT and any(ctx.needs_input_grad)
        kept = []
        blocks = _blocks(B * h, T, S, isinstance(mask, str))
        with torch.autocast(inputs[0].device.type, enabled=False):
            q, k, v, lam = _heads(*inputs)
            output = v.new_empty_strided((B, h, T, e), (h * e, e, B * h * e, 1))
            by_head, spare = output.flatten(0, 1), _space(q, blocks, 1)
            for block, pair in zip(blocks, _pairs(q, k, mask, h, blocks, keep), strict=True):
                heads, rows, keys = block
                if keep:
                    kept.append(pair)
                difference = _subtract(pair, lam[heads, rows], _view(spare, pair[:, 0].shape))
                by_head[heads, rows] = torch.bmm(difference, v[heads, keys])
        ctx.causal, ctx.blocks = isinstance(mask, str), blocks
        ctx.save_for_backward(*inputs, None if ctx.causal else mask, *kept)
        return output.to(inputs[0].dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        q, k, v, lam, mask, *kept = ctx.saved_tensors
        mask = "causal" if ctx.causal else mask
        if torch.is_grad_enabled():  # the gradients are to be differentiated again
            def formula(q: Tensor, k: Tensor, v: Tensor, lam: Tensor) -> Tensor:
                return maps(q, k, v, lam.to(q.dtype), mask)[0]

            return *differentiable_grads(formula, (q, k, v, lam), grad, ctx.needs_input_grad), None
        h, inputs = q.shape[1], _heads(q, k, v, lam)
        with torch.autocast(q.device.type, enabled=False):
            pairs = kept or _pairs(*inputs[:2], mask, h, ctx.blocks)
            grads = _backward(*inputs, grad.flatten(0, 1), ctx.blocks, pairs)
        return *(x.reshape(y.shape).to(y.dtype) for x, y in zip(grads, (q, k, v, lam), strict=True)), None


def _backward(
    q: Tensor, k: Tensor, v: Tensor, lam: Tensor, grad: Tensor, blocks: list[Block], pairs: Iterable[Tensor]
) -> tuple[Tensor, ...]:
    """The gradients of q, k, v and lam, each (G, ...), from that of the output, (G, T, e)."""
    (G, _, T, d), (_, m, S, _), e = q.shape, k.shape, v.shape[-1]
    grad = grad.to(v.dtype)
    dq, dk, dv, sums = (q.new_empty(shape) for shape in ((T, G, 2, d), (G * m, S, d), (G, S, e), (G, 2, T, 1)))
    counts = torch.stack([torch.full_like(lam, d**-0.5), lam * -(d**-0.5)], 1)  # (G, 2, T, 1): c / sqrt(d)
    dq_heads = torch.mul(q, counts, out=dq.permute(1, 2, 0, 3))  # c Q / sqrt(d), until a block writes its dQ there
    spare, wide = _space(q, blocks, 1), _space(q, blocks, 2)
    for (heads, rows, keys), pair in zip(blocks, pairs, strict=True):
        # The last rows of the text come first and see every key: there dK and dV are written, from then on added to.
        add, both = rows.stop < T, slice(heads.start * m, heads.stop * m)
        asked, said = _by_keys(dq_heads[heads, :, rows], m), grad[heads, rows]  # dO, (g, r, e)
        dmap = torch.bmm(said, v[heads, keys].mT, out=_view(spare, pair[:, 0].shape))  # dA, (g, r, S)
        dscores = torch.mul(pair, dmap[:, None], out=_view(wide, pair.shape))
        total = torch.sum(dscores, -1, keepdim=True, out=sums[heads, :, rows])  # (g, 2, r, 1)
        dscores = _by_keys(dscores.addcmul_(pair, total, value=-1), m)  # D, (g m, 2 r / m, S)
        _product(dscores.mT, asked, dk[both, keys], add)
        dq_rows = torch.bmm(dscores, _keys(k, heads, keys)).view(-1, 2, said.shape[1], d)
        torch.mul(dq_rows, counts[heads, :, rows], out=dq_heads[heads, :, rows])
        _product(_subtract(pair, lam[heads, rows], dmap).mT, said, dv[heads, keys], add)
    dk = dk.view(G, m, S, d).permute(2, 0, 1, 3)
    return *(x.flatten(2).transpose(0, 1) for x in (dq, dk)), dv, -sums[:, 1]


def differentiable_grads(formula: Any, inputs: Any, grad: Tensor, needed: Any) -> tuple[Tensor | None, ...]:
    """The gradients of a formula as functions that can be differentiated again; None for inputs that need none.

    They are asked of copies of the inputs: one input may have been computed from another.
    """
    copies = [x.view_as(x) for x in inputs]
    wanted = [x for x, wants in zip(copies, needed, strict=False) if wants]
    found = iter(torch.autograd.grad(formula(*copies), wanted, grad, create_graph=True))
    return tuple(next(found) if wants else None for _, wants in zip(copies, needed, strict=False))


def _heads(q: Tensor, k: Tensor, v: Tensor, lam: Tensor) -> tuple[Tensor, ...]:
    """q (G, 2, T, d), k (G, m, S, d), v (G, S, e), lam (G, T, 1), in float32 at least; not copied where B = 1."""
    wide, d = torch.promote_types(q.dtype, torch.float32), q.shape[-1] // 2
    q, k, v, lam = (x.to(wide).flatten(0, 1) for x in (q, k, v, lam))
    return *(x.view(*x.shape[:2], x.shape[2] // d, d).transpose(1, 2) for x in (q, k)), v, lam


def _blocks(G: int, T: int, S: int, causal: bool) -> list[Block]:
    """For every block: its heads; its rows; the keys that they look at. The last rows come first.

    Every thread is given whole heads where there are enough, for what one thread has written another reads slowly; the
    blocks of a long text have fewer rows for that.
    """
    threads = torch.get_num_threads()
    at_once = max(min(G, max(BLOCK // (ROWS * S) // threads, 1) * threads), 1)
    r = min(ROWS, max(BLOCK // (at_once * S), FEWEST))
    heads = [slice(i, min(i + at_once, G)) for i in range(0, G, at_once)]
    rows = [slice(i, min(i + r, T)) for i in reversed(range(0, T, r))]
    return [(some, part, slice(0, part.stop if causal else S)) for some in heads for part in rows]


def _pairs(q: Tensor, k: Tensor, mask: Mask, h: int, blocks: list[Block], keep: bool = False) -> Iterator[Tensor]:
    """Both maps of every block, (g, 2, r, keys).

    Unless they are to be kept, every pair is written into the same memory, over the one before: to ask the system for
    megabytes again and again takes longer than to fill them.
    """
    m, d = k.shape[1], k.shape[-1]
    causal, memory = isinstance(mask, str), None if keep else _space(q, blocks, 2)
    place = torch.arange(ROWS, dtype=q.dtype, device=q.device)
    limit = (place[:, None] - place).add_(0.5).mul_(math.inf)  # of scores: none, or -inf for what comes after
    for heads, rows, keys in blocks:
        r = rows.stop - rows.start
        shape = heads.stop - heads.start, 2, r, keys.stop
        pair = q.new_empty(shape) if keep else _view(memory, shape)
        scores, asked = _by_keys(pair, m), _by_keys(q[heads, :, rows], m)
        torch.baddbmm(scores, asked, _keys(k, heads, keys).mT, beta=0, alpha=d**-0.5, out=scores)
        if causal:
            pair[..., rows].clamp_max_(limit[:r, :r])
        elif mask is not None:
            pair.masked_fill_(_hidden(mask, heads, rows, h)[:, None], -math.inf)
        yield torch.softmax(pair, -1, out=pair)


def _by_keys(x: Tensor, m: int) -> Tensor:
    """(g, 2, r, ...) -> (g m, 2 r / m, ...): the rows that look at the same keys together."""
    return x.reshape(x.shape[0] * m, -1, x.shape[-1])


def _keys(k: Tensor, heads: slice, keys: slice) -> Tensor:
    """(g m, keys, d)."""
    return k[heads, :, keys].flatten(0, 1)


def _hidden(mask: Tensor, heads: slice, rows: slice, h: int) -> Tensor:
    """The keys that these heads and rows do not see: (g, r, S), or (g, 1, S) where all rows see the same."""
    mask = mask.view(*(1,) * (4 - mask.ndim), *mask.shape)
    mask = mask if mask.shape[2] == 1 else mask[:, :, rows]
    places = torch.arange(heads.start, heads.stop, device=mask.device)
    texts, heads = places // h % mask.shape[0], places % h % mask.shape[1]  # an axis of one is the same for all
    return ~mask[texts, heads]


def _product(a: Tensor, b: Tensor, total: Tensor, add: bool) -> None:
    """total + a b, or a b alone, in place of total. (Added within the product, every head would be a call.)"""
    if add:
        total.add_(torch.bmm(a, b))
    else:
        torch.bmm(a, b, out=total)


def _subtract(pair: Tensor, lam: Tensor, out: Tensor) -> Tensor:
    """A1 - lambda A2 of a block, (g, r, S), in memory at hand."""
    return torch.addcmul(*pair.unbind(1), lam, value=-1, out=out)


def _space(q: Tensor, blocks: list[Block], n: int) -> Tensor:
    """Memory for n tensors of the size of the largest block of one map."""
    sizes = ((heads.stop - heads.start) * (rows.stop - rows.start) * keys.stop for heads, rows, keys in blocks)
    return q.new_empty(n * max(sizes, default=0))


def _view(memory: Tensor, shape: tuple[int, ...]) -> Tensor:
    return memory.as_strided(shape, [math.prod(shape[i + 1 :]) for i in range(len(shape))])
