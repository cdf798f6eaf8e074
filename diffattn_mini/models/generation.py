"""Choosing the next token, and writing on with it."""

import math
from numbers import Integral
from typing import Protocol

import torch
from torch import Tensor, nn

from ..arrays import is_eager
from .transformer import MiniGPT, check_tokens

Memory = tuple[Tensor | None, ...]


def filtered(scores: Tensor, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None) -> Tensor:
    """The weights of the next token after temperature, top-k and top-p, in this order.

    scores: floats (..., n), -inf for what cannot come. temperature > 0: below 1 sharper, above 1 flatter. top_k: keep
    the k best. top_p: keep the fewest tokens that hold this share of the weight together (nucleus sampling, Holtzman et
    al., arXiv 1904.09751). Returns weights (..., n) of the dtype of scores (half precision is computed in float32) that
    sum to 1; 0 for what was left out; the best token always stays.
    Raises TypeError for scores that are not a tensor of floats and a top_k that is no whole number; ValueError for
    scores with NaN, +inf or nothing but -inf, a temperature that is not positive, top_k < 1, top_p outside (0, 1].

    >>> filtered(torch.tensor([2.0, 1.0, 0.0]), top_k=1)
    tensor([1., 0., 0.])
    """
    if not isinstance(scores, Tensor) or not scores.is_floating_point():
        raise TypeError(f"scores must be a tensor of floats; it is {getattr(scores, 'dtype', type(scores).__name__)}")
    if scores.ndim == 0 or scores.shape[-1] == 0:
        raise ValueError(f"scores has shape {tuple(scores.shape)}; (..., n) is expected, with n at least 1")
    if not temperature > 0:
        raise ValueError(f"temperature={temperature}; a positive number is expected, or take the best: top_k=1")
    if top_k is not None:
        _require_whole(1, top_k=top_k)
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top_p={top_p}; a share in (0, 1] is expected")
    dtype, scores = scores.dtype, scores.to(torch.promote_types(scores.dtype, torch.float32))
    scores, order = scores.sort(dim=-1, descending=True, stable=True)  # best first
    top = scores[..., :1]
    if is_eager(top) and not top.isfinite().all():
        raise ValueError("scores hold NaN, +inf, or a row of nothing but -inf: there is no next token to choose")
    limits = torch.finfo(scores.dtype)  # outside them a temperature would turn 0 / T or -inf / T into NaN
    weights = ((scores - top) / min(max(float(temperature), limits.tiny), limits.max)).softmax(-1)
    kept = torch.ones_like(weights, dtype=torch.bool)
    if top_k is not None:
        kept[..., top_k:] = False
    if top_p is not None and top_p < 1:
        weights = weights * kept
        weights = weights / weights.sum(-1, keepdim=True)
        kept &= weights.cumsum(-1) - weights < top_p  # what came before it has not yet filled the share
        kept[..., 0] = True  # also for a share that is 0 in this dtype
    weights = weights * kept
    return torch.zeros_like(weights).scatter(-1, order, weights / weights.sum(-1, keepdim=True)).to(dtype)


@torch.no_grad()
def generate(
    model: MiniGPT,
    tokens: Tensor,
    n: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    generator: torch.Generator | None = None,
    cache: bool = True,
) -> Tensor:
    """Write n tokens after the given ones. tokens: integers (B, T). n: at least 0. Returns (B, T + n).

    cache: compute each token once; without it the whole text is computed again for every new token, with the same
    result. generator: on the device of the tokens. The rest, and what is raised, as for filtered and the model.

    >>> from diffattn_mini.models.transformer import Config
    >>> generate(MiniGPT(Config(vocabulary=5)), torch.tensor([[1, 2]]), n=3).shape
    torch.Size([1, 5])
    """
    _require_whole(0, n=n)
    check_tokens("tokens", tokens, model.config.vocabulary)
    tokens = tokens.long()  # of small integers no layer makes vectors
    caches = model.new_caches() if cache else None
    new = tokens
    for _ in range(n):
        scores = model(new, caches) if cache else model(tokens)
        weights = filtered(scores[:, -1], temperature, top_k, top_p)
        new = torch.multinomial(weights, 1, generator=generator)  # (B, 1)
        tokens = torch.cat([tokens, new], dim=1)
    return tokens


class Translator(Protocol):
    """What translate asks of a model: Seq2Seq and EncoderDecoder have it. head: the layer that scores the words."""

    head: nn.Linear

    def begin(self, source: Tensor, lengths: Tensor | None = None) -> Memory: ...

    def advance(self, tokens: Tensor, memory: Memory) -> tuple[Tensor, Memory]: ...


@torch.no_grad()
def translate(
    model: Translator, source: Tensor, lengths: Tensor | None, start: int, end: int, limit: int, width: int = 1
) -> list[tuple[list[int], float]]:
    """For each source the best target that a beam search finds: its tokens, and the logarithm of its probability.

    source: integers (B, S). lengths: (B,) of the sources, where they are padded. start, end: the signs around a target;
    the tokens returned are without them. At every word the best `width` beginnings are kept; width 1 is greedy search.
    A target stops at `end`, or unfinished after limit tokens. Length is neither rewarded nor punished.
    Raises TypeError for numbers that are not whole, ValueError for a limit or a width below 1, a start or an end that
    is no target token, and scores with NaN; for the sources what the model raises.

    >>> from diffattn_mini.models.recurrent import Seq2Seq
    >>> tokens, total = translate(Seq2Seq(5, 4, 8), torch.tensor([[1, 2]]), None, start=0, end=1, limit=3, width=2)[0]
    >>> len(tokens) <= 3, total < 0
    (True, True)
    """
    _require_whole(1, limit=limit, width=width)
    _require_whole(0, start=start, end=end)
    if max(start, end) >= model.head.out_features:
        raise ValueError(f"start={start}, end={end}; target tokens in 0..{model.head.out_features - 1} are expected")
    if isinstance(source, Tensor) and len(source) == 0:
        return []
    memory = model.begin(source, lengths)
    B, device = len(source), source.device
    rows = torch.arange(B, device=device).repeat_interleave(width)
    memory = _choose(memory, rows)  # every source `width` times
    tokens = torch.full((B * width, 1), start, device=device)
    totals = torch.full((B, width), -math.inf, device=device)
    totals[:, 0] = 0  # the beginnings of a source are all alike at first: one of them counts
    done = torch.zeros(B * width, dtype=torch.bool, device=device)
    for _ in range(limit):
        scores, memory = model.advance(tokens, memory)
        logs = scores.to(torch.promote_types(scores.dtype, torch.float32)).log_softmax(-1)
        if logs.isnan().any():
            raise ValueError("the model's scores hold NaN: there is no best word; look at its weights")
        logs[done] = -math.inf
        logs[done, end] = 0  # a finished target waits, at no cost
        totals, best = (totals.flatten()[:, None] + logs).view(B, -1).topk(width)
        V = logs.shape[-1]
        rows = (best // V + width * torch.arange(B, device=device)[:, None]).flatten()
        new = (best % V).flatten()
        tokens, memory = torch.cat([tokens[rows], new[:, None]], dim=1), _choose(memory, rows)
        done = done[rows] | (new == end)
        if done.all():
            break
    found = tokens.view(B, width, -1)[:, 0, 1:].tolist()  # the best comes first
    return [(row[: row.index(end)] if end in row else row, total)
            for row, total in zip(found, totals[:, 0].tolist(), strict=True)]  # fmt: skip


def _choose(memory: Memory, rows: Tensor) -> Memory:
    return tuple(x if x is None else x[rows] for x in memory)


def _require_whole(least: int, **numbers: int) -> None:
    for name, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, Integral):
            raise TypeError(f"{name} must be a whole number; it is {number!r}")
        if number < least:
            raise ValueError(f"{name}={number}; at least {least} is expected")
