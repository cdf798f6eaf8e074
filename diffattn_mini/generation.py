"""Choosing the next token, and writing on with it."""

import torch
from torch import Tensor

from .transformer import MiniGPT


def filtered(scores: Tensor, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None) -> Tensor:
    """The weights of the next token after temperature, top-k and top-p, in this order.

    scores: (..., n). temperature > 0: below 1 sharper, above 1 flatter. top_k: keep the k best. top_p: keep the fewest
    tokens that hold this share of the weight together (nucleus sampling, Holtzman et al., arXiv 1904.09751).
    Returns weights (..., n) that sum to 1; 0 for what was left out; the best token always stays.
    Raises ValueError for a temperature that is not positive, top_k < 1 or top_p outside (0, 1].

    >>> filtered(torch.tensor([2.0, 1.0, 0.0]), top_k=1)
    tensor([1., 0., 0.])
    """
    if not temperature > 0:
        raise ValueError(f"temperature={temperature}; a positive number is expected, or take the best: top_k=1")
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k={top_k}; at least one token must stay")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top_p={top_p}; a share in (0, 1] is expected")
    weights, order = (scores / temperature).softmax(-1).sort(dim=-1, descending=True)  # best first
    kept = torch.ones_like(weights, dtype=torch.bool)
    if top_k is not None:
        kept[..., top_k:] = False
    if top_p is not None:
        weights = weights * kept
        weights = weights / weights.sum(-1, keepdim=True)
        kept &= weights.cumsum(-1) - weights < top_p  # what came before it has not yet filled the share
    weights = weights * kept
    return torch.zeros_like(weights).scatter(-1, order, weights / weights.sum(-1, keepdim=True))


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
    """Write n tokens after the given ones. tokens: integers (B, T). Returns (B, T + n).

    cache: compute each token once; without it the whole text is computed again for every new token, with the same
    result. The rest as for filtered.

    >>> from diffattn_mini.transformer import Config
    >>> generate(MiniGPT(Config(vocabulary=5)), torch.tensor([[1, 2]]), n=3).shape
    torch.Size([1, 5])
    """
    caches = model.new_caches() if cache else None
    new = tokens
    for _ in range(n):
        scores = model(new, caches) if cache else model(tokens)
        weights = filtered(scores[:, -1], temperature, top_k, top_p)
        new = torch.multinomial(weights, 1, generator=generator)  # (B, 1)
        tokens = torch.cat([tokens, new], dim=1)
    return tokens
