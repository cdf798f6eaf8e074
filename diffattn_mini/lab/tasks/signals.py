"""An electrocardiogram on two electrodes that both hear the mains: what a differential amplifier is for."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...language import say
from .common import require_numbers, require_sizes

# A heartbeat as five bumps: when, in seconds from its R wave; how high, in millivolts; how wide, in seconds.
WAVES = {"P": (-0.17, 0.12, 0.025), "Q": (-0.03, -0.14, 0.010), "R": (0.0, 1.10, 0.011), "S": (0.03, -0.25, 0.010),
         "T": (0.24, 0.30, 0.045)}  # fmt: skip


def heart(time: np.ndarray, pulse: float = 72.0) -> np.ndarray:
    """The heart's voltage at the times asked for, (n,) seconds -> (n,) millivolts; pulse in beats a minute.

    >>> heart(np.array([0.4])).round(2).item()  # at the peak of the first beat
    1.1
    """
    voltage = np.zeros_like(time)
    for beat in np.arange(0.4, time[-1] + 1, 60 / pulse):
        for when, height, width in WAVES.values():
            from_peak = (time - beat - when) / width
            voltage += height * np.exp(-0.5 * from_peak**2)
    return voltage


class Electrodes(NamedTuple):
    time: np.ndarray  # (n,), seconds
    first: np.ndarray  # (n,), millivolts
    second: np.ndarray
    heart: np.ndarray  # the heart alone: what the electrodes differ by, where nothing disturbs them


@dataclass(frozen=True)
class Electrocardiogram:
    """A heart and the mains, 50 Hz, on two electrodes.

    first = 0.6 heart + hum + motion + its own noise; second = -0.4 heart + balance * hum + its own noise, in
    millivolts, so that first - second is the heart, what is left of the hum, (1 - balance) hum, and the motion. mains:
    the amplitude of the hum; motion: how far the first electrode's contact drifts (a slow wave, and a jolt at 60 % of
    the time). seconds, rate in samples a second, pulse in beats a minute. Source of the idea: Horowitz and Hill, The
    Art of Electronics, on common-mode rejection; the waves are made up, in the order of size of a real lead.
    Raises TypeError or ValueError for a rate that is not a whole number from 1 on, less than one sample, a pulse below
    1, and mains, motion or noise that is negative.
    """

    seconds: float = 4.0
    rate: int = 500
    pulse: float = 72.0
    mains: float = 5.0
    balance: float = 1.0
    motion: float = 0.0
    noise: float = 0.01

    def __post_init__(self) -> None:
        require_sizes(rate=self.rate)
        require_numbers(1 / self.rate, seconds=self.seconds)
        require_numbers(1, pulse=self.pulse)
        require_numbers(0, mains=self.mains, motion=self.motion, noise=self.noise)
        require_numbers(balance=self.balance)

    def describe(self) -> str:
        """The task in one sentence, in the language of the package."""
        return say(
            "O inimă și rețeaua de 50 Hz, pe doi electrozi: scoate inima din zumzet.",
            "A heart and the 50 Hz mains on two electrodes: take the heart out of the hum.",
        )

    def record(self, seed: int) -> Electrodes:
        """What the electrodes hear, the same for the same seed.

        >>> Electrocardiogram(seconds=1, rate=100).record(seed=0).first.shape
        (100,)
        """
        require_sizes(least=0, seed=seed)
        rng = np.random.default_rng(seed)
        seconds, pulse = float(self.seconds), float(self.pulse)  # of half precision no length is made
        time = np.arange(round(seconds * self.rate)) / self.rate
        beats = heart(time, pulse)
        hum = self.mains * np.sin(2 * np.pi * 50 * time + rng.uniform(0, 2 * np.pi))
        after = np.maximum(time - 0.6 * seconds, 0)
        drift = self.motion * (np.where(after > 0, np.exp(-4 * after), 0) - 0.5 * np.sin(2 * np.pi * 0.3 * time))
        first, second = (part + self.noise * rng.normal(size=len(time))
                         for part in (0.6 * beats + hum + drift, -0.4 * beats + self.balance * hum))  # fmt: skip
        return Electrodes(time, first, second, beats)
