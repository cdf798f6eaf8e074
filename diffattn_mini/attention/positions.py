"""Positions: numbers that tell attention which token came first. Without them the order of the keys does not matter."""

import torch
from torch import Tensor

from ..arrays import check_positive, require_floats


def sinusoidal(length: int, dim: int, base: float = 10000.0) -> Tensor:
    """Waves of growing length, one pair (sine, cosine) for every two features, to be added to the embeddings.

    Returns (length, dim) in [-1, 1]; row t is position t. Raises ValueError if dim is odd.
    Source: Vaswani et al., 2017, section 3.5.

    >>> sinusoidal(2, 4)[0]
    tensor([0., 1., 0., 1.])
    """
    return waves(torch.arange(length), dim, base).to(torch.get_default_dtype())


def waves(positions: Tensor, dim: int, base: float = 10000.0) -> Tensor:
    """The rows of sinusoidal at these positions, (length,) -> (length, dim), in float64, on their device.

    >>> waves(torch.tensor([0]), 4)
    tensor([[0., 1., 0., 1.]], dtype=torch.float64)
    """
    angles = _angles(positions, dim, base)  # (length, dim/2)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)


def rotary(x: Tensor, start: int = 0, base: float = 10000.0) -> Tensor:
    """Turn every pair of features by an angle that grows with the position (RoPE).

    The dot product of a turned query and a turned key then depends on their positions only through the distance.
    x: (..., T, d), pairs are features (2i, 2i+1); start: the position of the first row. Returns the shape of x.
    Raises TypeError for anything but a tensor of floats, ValueError if d is odd, T is missing, or x holds NaN.
    Source: Su et al., RoFormer, arXiv 2104.09864, equation 34.

    >>> rotary(torch.ones(1, 2)).tolist()  # position 0 does not turn
    [[1.0, 1.0]]
    """
    if not isinstance(x, Tensor):
        raise TypeError(f"x must be a torch tensor, not {type(x).__name__}: torch.as_tensor(x)")
    require_floats(x=x)
    if x.ndim < 2:
        raise ValueError(f"x has shape {tuple(x.shape)}; (..., T, d) is expected: x[None]?")
    return turned(x, start, base)


def turned(x: Tensor, start: int = 0, base: float = 10000.0) -> Tensor:
    """What rotary returns, its input unchecked: for a layer that has checked its own.

    >>> turned(torch.ones(1, 2)).tolist()
    [[1.0, 1.0]]
    """
    positions = torch.arange(start, start + x.shape[-2], device=x.device)
    angles = _angles(positions, x.shape[-1], base)  # (T, d/2)
    sin, cos = angles.sin().to(x.dtype), angles.cos().to(x.dtype)
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1).flatten(-2)


def _angles(positions: Tensor, dim: int, base: float) -> Tensor:
    """position / base^(2i / dim), (length, dim/2), computed in float64: a float32 angle is off by 1e-3 at 10,000."""
    if dim % 2:
        raise ValueError(f"dim={dim} is odd; positions come in pairs of features: choose an even dim")
    base = check_positive("base", base, "10000")
    frequencies = base ** -(torch.arange(0, dim, 2, dtype=torch.float64, device=positions.device) / dim)
    return positions[:, None].double() * frequencies
