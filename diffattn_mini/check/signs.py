"""Signs of a mistake that can be read off the trials, whatever the answer computes."""

from collections.abc import Callable

from .engine import Trial


def fails_only(trials: list[Trial], condition: Callable[[Trial], bool]) -> bool:
    """Do the failures all meet a condition that no success meets, and are there both?"""
    held = {bool(condition(t)) for t in trials if not t.passed}, {bool(condition(t)) for t in trials if t.passed}
    return held == ({True}, {False})
