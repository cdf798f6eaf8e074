"""Exercises that check themselves.

>>> from diffattn_mini.check import check
>>> check("11.schedule", lambda layer: ...).solved
False
"""

from ..language import say
from . import ch01, ch02, ch03, ch04, ch05, ch06, ch07, ch07b, ch08, ch09, ch10, ch11, ch12, ch13, ch14, ch14b
from .engine import examine
from .verdict import Verdict

CHAPTERS = ch01, ch02, ch03, ch04, ch05, ch06, ch07, ch07b, ch08, ch09, ch10, ch11, ch12, ch13, ch14, ch14b
EXERCISES = {exercise.id: exercise for chapter in CHAPTERS for exercise in chapter.EXERCISES}

__all__ = ["Verdict", "check", "exercises"]


def exercises() -> list[str]:
    """The ids of all exercises, in the order of the book.

    >>> exercises()[0]
    '01.cosine'
    """
    return list(EXERCISES)


def check(id: str, answer: object) -> Verdict:
    """Try an answer on many inputs, from the smallest to larger ones; the same at every press, so is the verdict.

    id: as listed by exercises(). answer: the function that the exercise asks for, itself and not its result; it may
    work with numpy or torch. Whatever it does, nothing is raised (an endless loop cannot be stopped), and what it
    prints, draws or changes in the kernel is gone after the check.
    Returns a verdict, in the current language. Raises ValueError for an unknown id.

    >>> import numpy as np
    >>> check("02.stable-softmax", lambda x: np.exp(x) / np.exp(x).sum()).hint
    'overflow'
    """
    if not isinstance(id, str) or id not in EXERCISES:
        known = ", ".join(EXERCISES)
        raise ValueError(say(f"nu există exercițiul {id!r}; alege: {known}", f"no exercise {id!r}; choose: {known}"))
    return examine(EXERCISES[id], answer)
