"""An adversary: pictures changed a little so that the loss grows, and the ways its gradient takes through a layer."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest.mock import patch

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..attention.diff_layers import DiffAttention, DiffAttentionV2
from ..attention.scaled import Mask
from .tasks.common import Seed, as_generator, require_numbers, require_sizes

Paths = dict[str, Tensor]


def fgsm(model: nn.Module, pictures: Tensor, labels: Tensor, strength: float) -> Tensor:
    """Every pixel moved by strength, in [0, 1], in the direction in which the loss grows; pictures stay in [0, 1].

    pictures: (B, ...), labels: (B,). Returns pictures of the same shape.
    Source: Goodfellow et al., arXiv 1412.6572.

    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    >>> moved = fgsm(model, torch.full((3, 2, 2), 0.5), torch.tensor([0, 1, 0]), 0.1)
    >>> torch.allclose((moved - 0.5).abs(), torch.tensor(0.1))
    True
    """
    require_numbers(0, 1, strength=strength)
    return (pictures + strength * slope(model, pictures, labels).sign()).clamp(0, 1)


def pgd(model: nn.Module, pictures: Tensor, labels: Tensor, strength: float, steps: int = 10, seed: Seed = 0) -> Tensor:
    """Many small steps of fgsm, from a random place, none of which takes a pixel further than strength.

    A step is a quarter of the strength. pictures: (B, ...), labels: (B,). Returns pictures of the same shape in [0, 1].
    Source: Madry et al., arXiv 1706.06083.
    """
    require_numbers(0, 1, strength=strength)
    require_sizes(steps=steps)
    noise = torch.rand(pictures.shape, generator=as_generator(seed, "seed")).to(pictures)
    moved = (pictures + strength * (2 * noise - 1)).clamp(0, 1)
    for _ in range(steps):
        moved = moved + strength / 4 * slope(model, moved, labels).sign()
        moved = torch.minimum(torch.maximum(moved, pictures - strength), pictures + strength).clamp(0, 1)
    return moved


def slope(model: nn.Module, pictures: Tensor, labels: Tensor) -> Tensor:
    """The gradient of the summed loss by the pictures: each picture's own."""
    pictures = pictures.detach().requires_grad_()
    loss = F.cross_entropy(model(pictures), labels, reduction="sum")
    return torch.autograd.grad(loss, pictures)[0]


@contextmanager
def separate_paths(model: nn.Module) -> Iterator[list[Paths]]:
    """While it lasts, every differential layer takes its input four times over, so that each way has its own gradient.

    Yields a list that grows by a dict for every call of a layer: "map 1", "map 2", "values" and, in version 2,
    "lambda", each a copy (B, T, dim) of the layer's input that only this part of it reads. After a backward pass their
    .grad add up to the gradient by the input; that of "map 2" has its -lambda in it.
    Raises ValueError for a model without a differential layer, and where a layer is given a cache or a context.

    >>> layer = DiffAttention(8, 2)
    >>> with separate_paths(layer) as paths:
    ...     layer(torch.randn(1, 3, 8)).sum().backward()
    >>> sorted(paths[0]), paths[0]["map 1"].grad.shape
    (['map 1', 'map 2', 'values'], torch.Size([1, 3, 8]))
    """
    layers = [module for module in model.modules() if isinstance(module, DiffAttention | DiffAttentionV2)]
    if not layers:
        raise ValueError("the model has no DiffAttention and no DiffAttentionV2, whose maps could be told apart")
    found: list[Paths] = []
    with ExitStack() as patches:
        for layer in layers:
            patches.enter_context(patch.object(layer, "forward", _Separated(layer, found)))
        yield found


class _Separated:
    """What stands in for a layer's forward inside separate_paths."""

    def __init__(self, layer: DiffAttention | DiffAttentionV2, found: list[Paths]) -> None:
        self.layer, self.found = layer, found

    def __call__(self, x: Tensor, mask: Mask = "causal", context: None = None, cache: None = None) -> Tensor:
        layer = self.layer
        if cache is not None or context is not None:
            raise ValueError("keys from a cache or a context have ways of their own; separate_paths expects neither")
        names = ["map 1", "map 2", "values", *(["lambda"] if isinstance(layer, DiffAttentionV2) else [])]
        copies = {name: x + 0 for name in names}
        for copy in copies.values():
            if copy.requires_grad:
                copy.retain_grad()
            else:  # of an input that no gradient is asked of
                copy.requires_grad_()
        q, k = (torch.cat([layer.share(self._part(name, i, copies)) for i in (0, 1)], dim=-1) for name in "qk")
        v = layer.share(layer.split(layer.v_proj(copies["values"]), layer.n_kv_heads))
        reader = copies.get("lambda", x)  # what lambda is made from; version 1 reads nothing
        heads, _ = layer.attend(q, k, v, mask, reader, None, True)
        self.found.append(copies)
        return layer.o_proj(layer.finish(heads.transpose(1, 2), reader).flatten(2))

    def _part(self, name: str, i: int, copies: Paths) -> Tensor:
        """Queries or keys of one map, (B, heads, T, d), from its own copy of the input."""
        layer, projection = self.layer, getattr(self.layer, f"{name}_proj")
        n_heads = layer.n_heads if name == "q" else layer.n_kv_heads
        parts = layer.split(projection(copies[f"map {i + 1}"]), n_heads)
        parts = (layer.rotate(parts, 0) if layer.rope else parts).split(layer.head_dim, dim=-1)
        return parts[i % len(parts)]  # version 2 has one key for both maps
