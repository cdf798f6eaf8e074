"""What the book measures of attention maps, of models, and of how they learn."""

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import combinations
from unittest.mock import patch

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from ..arrays import check_count, lie_within
from ..attention.diff_layers import DiffAttention, DiffAttentionV2
from ..attention.masks import causal_mask
from ..attention.multi_head import MultiHeadAttention
from ..attention.scaled import Mask, scaled_scores


def answer_share(weights: Tensor, answer: Tensor) -> Tensor:
    """|the answer's weight| over the sum of all |weights| of its row: 0 to 1, signed maps included.

    weights: (..., n). answer: integers (...), the place of the answer in each row. Returns (...); NaN for a row of
    zeros. Raises ValueError where the shapes do not fit or a place is out of range.

    >>> answer_share(torch.tensor([0.5, -0.25, 0.25]), torch.tensor(0)).item()
    0.5
    """
    _check_places("answer", answer, weights)
    size = weights.abs()
    return size.gather(-1, answer.long()[..., None])[..., 0] / size.sum(-1)


def noise_share(weights: Tensor, noise: Tensor, signed: bool = False) -> Tensor:
    """What the places of noise hold of a row: the sum of their |weights| over the sum of all, or, signed, their sum.

    weights: (..., n). noise: booleans of a shape that broadcasts to it. Signed noise can cancel: near 0 it harms
    little, whatever its size. Returns (...). Raises TypeError for a noise that is not boolean.

    >>> row, noise = torch.tensor([0.5, -0.2, 0.2]), torch.tensor([False, True, True])
    >>> round(noise_share(row, noise).item(), 3), noise_share(row, noise, signed=True).item()
    (0.444, 0.0)
    """
    if noise.dtype != torch.bool:
        raise TypeError(f"noise has dtype {noise.dtype}; booleans are expected, True = noise")
    if signed:
        return (weights * noise).sum(-1)
    return (weights.abs() * noise).sum(-1) / weights.abs().sum(-1)


def entropy(weights: Tensor) -> Tensor:
    """How spread a row is, in natural units: 0 for one weight alone, log n for n equal ones.

    It is taken of |weights|, brought to sum 1.

    weights: (..., n). Returns (...) in [0, log n].

    >>> round(entropy(torch.full((4,), 0.25)).item(), 4)
    1.3863
    """
    p = weights.abs() / weights.abs().sum(-1, keepdim=True)
    return -torch.special.xlogy(p, p).sum(-1)


def head_likeness(weights: Tensor) -> Tensor:
    """The mean cosine between the maps of two different heads: 1 where all heads do the same.

    weights: (B, h, T, S), h at least 2. Returns a tensor of shape (), the mean over texts and pairs.
    Raises ValueError for one head or another rank.

    >>> head_likeness(torch.ones(1, 3, 2, 2)).item()
    1.0
    """
    if weights.ndim != 4 or weights.shape[1] < 2:
        raise ValueError(f"weights have shape {tuple(weights.shape)}; (B, h, T, S) with at least 2 heads is expected")
    maps = nn.functional.normalize(weights.flatten(2), dim=-1)  # (B, h, T * S)
    likeness = (maps @ maps.mT).mean(0)  # (h, h)
    return likeness[~torch.eye(len(likeness), dtype=torch.bool, device=likeness.device)].mean()


def linear_cka(x: Tensor, y: Tensor) -> Tensor:
    """How alike two descriptions of the same n things are, whatever their axes and scale: 0 to 1.

    x: (n, d), y: (n, e). Returns a tensor of shape (). Raises ValueError where the two do not describe as many things.
    Source: Kornblith et al., arXiv 1905.00414, section 3.

    >>> x = torch.randn(20, 4)
    >>> round(linear_cka(x, -3 * x).item(), 4)
    1.0
    """
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y):
        raise ValueError(f"x has shape {tuple(x.shape)} and y {tuple(y.shape)}; (n, d) and (n, e) are expected")
    x, y = (z.to(torch.promote_types(z.dtype, torch.float32)) for z in (x, y))  # squares that float16 could not hold
    x, y = x - x.mean(0), y - y.mean(0)
    return (x.T @ y).square().sum() / ((x.T @ x).norm() * (y.T @ y).norm())


def head_cka(heads: Tensor) -> Tensor:
    """The mean likeness of what two different heads say, by linear_cka over all tokens: 1 where all say the same.

    heads: (B, h, T, d), the outputs of the heads, h at least 2. Returns a tensor of shape (), in [0, 1].
    Raises ValueError for one head or another rank.

    >>> x = torch.randn(1, 1, 20, 4)
    >>> round(head_cka(torch.cat([x, 2 * x], dim=1)).item(), 4)
    1.0
    """
    if heads.ndim != 4 or heads.shape[1] < 2:
        raise ValueError(f"heads have shape {tuple(heads.shape)}; (B, h, T, d) with at least 2 heads is expected")
    rows = heads.transpose(0, 1).flatten(1, 2)  # (h, B * T, d)
    return torch.stack([linear_cka(x, y) for x, y in combinations(rows, 2)]).mean()


def quantise(x: Tensor, bits: int) -> Tensor:
    """x rounded to what so many bits can hold: 2^bits - 1 levels, even steps, zero among them, up to the largest |x|.

    Raises ValueError for bits below 2.

    >>> quantise(torch.tensor([-1.0, 0.3, 1.0]), bits=2)
    tensor([-1.,  0.,  1.])
    """
    if check_count("bits", bits) < 2:
        raise ValueError(f"bits={bits}; with fewer than 2 nothing but zero is left")
    top = 2 ** (bits - 1) - 1
    step = x.abs().max() / top
    return x if step == 0 else (x / step).round().clamp(-top, top) * step


@contextmanager
def recorded_sizes(model: nn.Module, kinds: tuple[type, ...] = (nn.Module,)) -> Iterator[dict[str, dict[str, float]]]:
    """While it lasts, what each module of these kinds gives out: {"name": {"largest": ..., "median": ...}} of |values|.

    The largest of all calls, the median of the last. Modules that give out something else than a tensor are left out.

    >>> with recorded_sizes(nn.Sequential(nn.Identity())) as sizes:
    ...     _ = nn.Identity()(torch.zeros(1))
    >>> sizes
    {}
    """
    sizes: dict[str, dict[str, float]] = {}
    names = {module: name for name, module in model.named_modules() if name and isinstance(module, kinds)}

    def note(module: nn.Module, inputs: tuple, output: object) -> None:
        name = names.get(module)  # None for a copy made inside, which has the hook too
        if name is not None and isinstance(output, Tensor) and output.is_floating_point():
            size = output.detach().abs()
            before = sizes.get(name, {"largest": 0.0})["largest"]
            sizes[name] = {"largest": max(before, size.max().item()), "median": size.median().item()}

    handles = [module.register_forward_hook(note) for module in names]
    try:
        yield sizes
    finally:
        for handle in handles:
            handle.remove()


def largest_score(q: Tensor, k: Tensor) -> float:
    """The largest |score| that attention makes of queries and keys before its softmax: max |q . k| / sqrt(d).

    q: (..., T, d), k: (..., S, d).

    >>> largest_score(torch.ones(2, 4), torch.ones(3, 4))
    2.0
    """
    return scaled_scores(q, k).abs().max().item()


@contextmanager
def coarse_scores(model: nn.Module, bits: int | None = None) -> Iterator[list[float]]:
    """While it lasts, every attention of the model works with scores rounded to so many bits; None: as they are.

    Each layer's scores (of all its maps, heads and texts together) are rounded by quantise, up to the largest that is
    not masked. Yields a list that grows by the largest |score| of every call of a layer. All maps are kept: for models
    and texts of some hundred tokens. Works for every kind of attention that takes its scores from queries and keys.
    One inside another: the inner one rounds first. Copies made inside, and other models, work as always.

    >>> from diffattn_mini.models.transformer import Config, MiniGPT
    >>> with coarse_scores(MiniGPT(Config(vocabulary=5)), bits=4) as largest:
    ...     largest
    []
    """
    largest: list[float] = []
    layers = [module for module in model.modules() if isinstance(module, MultiHeadAttention)]
    with ExitStack() as patches:
        for layer in layers:
            patches.enter_context(patch.object(layer, "attend", _CoarseAttend(layer, bits, largest)))
        yield largest


class _CoarseAttend:
    """What stands in for one layer's attend inside coarse_scores."""

    def __init__(self, layer: MultiHeadAttention, bits: int | None, largest: list[float]) -> None:
        self.layer, self.attend, self.bits, self.largest = layer, layer.attend, bits, largest

    def __reduce__(self) -> tuple:
        return getattr, (self.layer, "attend")  # a copy of the layer has its own again

    def __call__(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Mask, x: Tensor, context: Tensor | None, return_weights: bool
    ) -> tuple[Tensor, Tensor | None]:
        S, d = k.shape[-2], k.shape[-1] // self.layer.n_maps
        qs, ks = (part.split(d, dim=-1) for part in (q, k))
        seen = causal_mask(q.shape[-2], S, q.device) if isinstance(mask, str) else mask
        maps = []
        for i, one in enumerate(qs):
            scores = scaled_scores(one, ks[i % len(ks)])  # (B, h, T, S)
            maps.append(scores if seen is None else scores.masked_fill(~seen, 0))
        scores = torch.cat(maps, dim=-1)
        self.largest.append(scores.abs().max().item())
        if self.bits is not None:
            scores = quantise(scores, self.bits)
        # scores as queries, the axes as keys: their products, divided by sqrt(S), are the scores again
        axes = math.sqrt(S) * torch.eye(S, dtype=q.dtype, device=q.device)
        axes = axes.repeat(1, len(ks)).expand(*k.shape[:-1], -1)
        heads, weights = self.attend(scores, axes, v, mask, x, context, True)
        return heads, weights if return_weights else None


@torch.no_grad()
def lambdas(model: nn.Module, forward: Callable[[], object]) -> list[float]:
    """Lambda now in every differential layer of a model, in their order; an empty list for a model without any.

    Of version 1 it is the layer's own, of version 2 the mean over the tokens and heads of what forward(), a call of the
    model, computes.

    >>> from diffattn_mini.attention.diff_layers import DiffAttentionV2
    >>> layer = DiffAttentionV2(8, 2)
    >>> len(lambdas(layer, lambda: layer(torch.randn(1, 3, 8))))
    1
    """
    layers = [module for module in model.modules() if isinstance(module, DiffAttention | DiffAttentionV2)]
    seen: dict[nn.Module, float] = {}

    def hook(projection: nn.Module, inputs: tuple, output: Tensor) -> None:
        seen[projection] = output.sigmoid().mean().item()

    asked = [layer.lambda_proj for layer in layers if isinstance(layer, DiffAttentionV2)]
    handles = [projection.register_forward_hook(hook) for projection in asked]
    try:
        if asked:
            forward()
    finally:
        for handle in handles:
            handle.remove()
    return [layer.lam.item() if isinstance(layer, DiffAttention) else seen[layer.lambda_proj] for layer in layers]


def gradient_norms(model: nn.Module) -> dict[str, float]:
    """The length of every parameter's gradient, by name, taken in float64; parameters without one are left out.

    >>> line = nn.Linear(2, 1, bias=False)
    >>> line(torch.tensor([3.0, 4.0])).backward()
    >>> gradient_norms(line)
    {'weight': 5.0}
    """
    return {name: p.grad.double().norm().item() for name, p in model.named_parameters() if p.grad is not None}


def hessian_eigenvalues(model: nn.Module, loss: Callable[[nn.Module], Tensor]) -> Tensor:
    """All eigenvalues of the loss's second derivatives, the smallest first. For tiny models: n parameters, n^2 numbers.

    loss(model) -> a tensor of shape (). Negative ones are directions in which the loss bends down. Returns (n,).
    Frozen parameters do not count. Raises ValueError for more than 5000 parameters, or none.

    >>> line = nn.Linear(1, 1, bias=False)
    >>> hessian_eigenvalues(line, lambda m: 3 * m.weight.square().sum())
    tensor([6.])
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    n = sum(p.numel() for p in parameters)
    if not n:
        raise ValueError("the model has no parameter that requires a gradient; requires_grad_() one of them")
    if n > 5000:
        raise ValueError(f"the model has {n} parameters; its Hessian has {n * n} numbers: 5000 parameters at most")
    with sdpa_kernel(SDPBackend.MATH):  # torch's fused attention has no second derivatives
        grads = torch.autograd.grad(loss(model), parameters, create_graph=True, materialize_grads=True)
    slope = torch.cat([grad.flatten() for grad in grads])  # (n,)
    slope = slope + 0 * sum(p.sum() for p in parameters)  # slopes that are constant carry no graph of their own
    rows = []
    for value in slope:
        row = torch.autograd.grad(value, parameters, retain_graph=True, materialize_grads=True)
        rows.append(torch.cat([part.flatten() for part in row]))
    hessian = torch.stack(rows)
    return torch.linalg.eigvalsh((hessian + hessian.T) / 2)


def _check_places(name: str, places: Tensor, weights: Tensor) -> None:
    if places.shape != weights.shape[:-1]:
        expected = tuple(weights.shape[:-1])
        raise ValueError(f"{name} has shape {tuple(places.shape)}; one place a row, {expected}, is expected")
    if not lie_within(places, 0, weights.shape[-1] - 1):
        top = weights.shape[-1] - 1
        raise ValueError(f"{name} must lie in 0..{top}; it runs from {places.min()} to {places.max()}")
