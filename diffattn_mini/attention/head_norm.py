"""The norm of each head, quick: what the framework composes of a dozen operations on a processor, in half as many."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..arrays import is_eager
from .forms import differentiable_grads


def head_norm(heads: Tensor, weight: Tensor, scale: float = 1.0, eps: float = 1e-5) -> Tensor:
    """scale * RMSNorm: each row of features divided by the root of its mean square, times the weight.

    heads (..., d), weight (d,), scale a number. y = scale * weight * x / sqrt(mean(x^2) + eps). Returns (..., d).
    Raises ValueError for a weight of another shape.
    Source: Zhang and Sennrich, arXiv 1910.07467, equation 4.

    >>> head_norm(torch.tensor([[3.0, 4.0]]), torch.ones(2))
    tensor([[0.8485, 1.1314]])
    """
    if weight.shape != heads.shape[-1:]:
        fits = tuple(heads.shape[-1:])
        raise ValueError(f"weight has shape {tuple(weight.shape)}; one for each feature, {fits}, fits these heads")
    if heads.device.type == "cpu" and heads.dtype == weight.dtype in (torch.float32, torch.float64) and is_eager(heads):
        return _HeadNorm.apply(heads, weight, scale, eps)
    return F.rms_norm(heads, weight.shape, weight * scale, eps)


class _HeadNorm(torch.autograd.Function):
    """With r = 1 / sqrt(sum(x^2) + d eps), w = sqrt(d) scale weight: y = x r w, dx = r (dy w - x r^2 sum(dy w x))."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, scale: float, eps: float) -> Tensor:
        d = x.shape[-1]
        w = weight * (scale * d**0.5)
        r = torch.linalg.vector_norm(x, dim=-1, keepdim=True).square_().add_(d * eps).rsqrt_()
        ctx.save_for_backward(x, weight, r, w)
        ctx.scale, ctx.eps = scale, eps
        return (x * r).mul_(w)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, r, w = ctx.saved_tensors
        if torch.is_grad_enabled():  # the gradients are to be differentiated again: those of torch's own norm
            def formula(x: Tensor, weight: Tensor) -> Tensor:
                return F.rms_norm(x, weight.shape, weight * ctx.scale, ctx.eps)

            return *differentiable_grads(formula, (x, weight), grad, ctx.needs_input_grad), None, None
        products, d = grad * x, x.shape[-1]  # (..., d)
        rows = products.reshape(-1, d)
        with torch.autocast("cpu", enabled=False):
            dweight = (rows.mT @ r.reshape(-1)).mul_(ctx.scale * d**0.5)
            sums = (rows @ w).view(r.shape).mul_(r).mul_(r)  # r^2 sum(dy w x)
        return torch.mul(grad, w, out=products).addcmul_(x, sums, value=-1).mul_(r), dweight, None, None
