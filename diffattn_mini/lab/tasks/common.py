"""What the tasks share: seeds, batches, sizes, and numbers written as each language writes them."""

import math
import random
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from numbers import Integral, Real
from typing import TypeVar

import torch
from torch import Tensor

from ...language import say

Seed = int | torch.Generator
B = TypeVar("B", bound="Tensors")


def as_generator(seed: Seed, name: str = "generator") -> torch.Generator:
    """A generator from a whole number; a generator (on the CPU) goes through as it is, and moves on with every draw.

    Raises TypeError for anything else, ValueError for a generator elsewhere, another default device of torch and a
    number of more than 64 bits. name: of the argument, for errors.

    >>> as_generator(0).initial_seed()
    0
    """
    if torch.get_default_device().type != "cpu":
        mend = 'torch.set_default_device("cpu"), and move the batch'
        raise ValueError(f"the default device is {torch.get_default_device()}; tasks draw on the CPU: {mend}")
    if isinstance(seed, torch.Generator):
        if seed.device.type != "cpu":
            raise ValueError(f"{name} is on {seed.device}; tasks draw on the CPU: torch.Generator()")
        return seed
    if isinstance(seed, bool) or not isinstance(seed, Integral):
        raise TypeError(f"{name} must be a torch.Generator or a whole number; it is {seed!r}")
    seed = int(seed)
    if not -(2**63) <= seed < 2**64:
        raise ValueError(f"{name}={seed}; a seed of 64 bits is expected, such as {seed % 2**64}")
    return torch.Generator().manual_seed(seed)


def as_random(seed: Seed | random.Random, name: str = "generator") -> random.Random:
    """Python's own generator, for drawing from lists; a torch generator lends it one draw as a seed."""
    if isinstance(seed, random.Random):
        return seed
    return random.Random(int(torch.randint(2**62, (), generator=as_generator(seed, name))))


def require_sizes(least: int = 1, **sizes: int) -> None:
    """Refuse sizes that are not whole numbers from `least` on. The arguments name them."""
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, Integral):
            raise TypeError(f"{name} must be a whole number; it is {size!r}")
        if size < least:
            raise ValueError(f"{name}={size}; {name} must be at least {least}")


def require_numbers(least: float = -math.inf, most: float = math.inf, **values: float) -> None:
    """Refuse what is not a finite number from `least` to `most`. The arguments name them."""
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, Real):
            raise TypeError(f"{name} must be a number; it is {value!r}")
        if not math.isfinite(value) or not least <= value <= most:
            expected = "a finite number" if least == -most else f"a number from {least:g} to {most:g}"
            raise ValueError(f"{name}={value}; {expected} is expected")


def require_known(numbers: Iterable[int], vocabulary: int) -> None:
    """Refuse numbers that stand for nothing; a list would count negative ones from its end."""
    for n in numbers:
        if not 0 <= n < vocabulary:
            raise ValueError(f"numbers holds {n}; whole numbers in 0..{vocabulary - 1} are expected")


def number(n: int) -> str:
    """A whole number as the current language writes it: 12,000 or 12.000; below ten thousand no mark."""
    return f"{n:,}".replace(",", say(".", ",")) if n >= 10_000 else str(n)


def counted(n: int, one: str, many: str) -> str:
    """A number with its Romanian noun: 20 and 120 take `de` between the two, 8 and 101 do not."""
    if n == 1:
        return f"1 {one}"
    return f"{number(n)} de {many}" if n and not 0 < n % 100 < 20 else f"{number(n)} {many}"


@dataclass(frozen=True)
class Tensors:
    """A batch: tensors with names, which move to a device together."""

    def to(self: B, device: torch.device | str) -> B:
        """The same batch on another device."""
        tensors = {f.name: getattr(self, f.name) for f in fields(self) if isinstance(getattr(self, f.name), Tensor)}
        return replace(self, **{name: tensor.to(device) for name, tensor in tensors.items()})
