"""The norm of each head, quick: what the framework composes of a dozen operations on a processor, in half as many."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


def head_norm(heads: Tensor, weight: Tensor, scale: float = 1.0, eps: float = 1e-5) -> Tensor:
    """scale * RMSNorm: each row of features divided by the root of its mean square, times the weight.

    heads (..., d), weight (d,), scale a number. y = scale * weight * x / sqrt(mean(x^2) + eps). Returns (..., d).
    Source: Zhang and Sennrich, arXiv 1910.07467, equation 4.

    >>> head_norm(torch.tensor([[3.0, 4.0]]), torch.ones(2))
    tensor([[0.8485, 1.1314]])
    """
    if heads.device.type == "cpu" and heads.dtype == weight.dtype in (torch.float32, torch.float64):
        return _HeadNorm.apply(heads, weight, scale, eps)
    return F.rms_norm(heads, weight.shape, weight * scale, eps)


class _HeadNorm(torch.autograd.Function):
    """With r = 1 / sqrt(mean(x^2) + eps): y = x r w and dx = r (dy w - x r^2 mean(dy w x))."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, scale: float, eps: float) -> Tensor:
        r = torch.linalg.vector_norm(x, dim=-1, keepdim=True).square_().div_(x.shape[-1]).add_(eps).rsqrt_()
        ctx.save_for_backward(x, weight, r)
        ctx.scale, ctx.eps = scale, eps
        return (x * r).mul_(weight * scale)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, r = ctx.saved_tensors
        if torch.is_grad_enabled():  # the gradients are to be differentiated again: those of torch's own norm
            output = F.rms_norm(x, weight.shape, weight * ctx.scale, ctx.eps)
            return *torch.autograd.grad(output, (x, weight), grad, create_graph=True), None, None
        scaled, products = weight * ctx.scale, grad * x  # (..., d)
        rows = products.reshape(-1, x.shape[-1])
        dweight = (r.reshape(-1) @ rows).mul_(ctx.scale)
        means = (rows @ scaled).view(r.shape).mul_(r).mul_(r).div_(-x.shape[-1])  # -r^2 mean(dy w x)
        dx = torch.mul(grad, scaled, out=products).addcmul_(x, means).mul_(r)
        return dx, dweight, None, None
