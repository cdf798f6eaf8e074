"""Answers to the exercises as learners write them: right ones, and wrong ones with the hint that fits.

Written from the exercises' texts, not from the mistakes that the checks know.
"""

from collections import defaultdict

RIGHT: dict[str, list] = defaultdict(list)
WRONG: dict[str, list] = defaultdict(list)  # (the hint's key, the answer)


def right(id):
    def collect(answer):
        RIGHT[id].append(answer)
        return answer

    return collect


def wrong(id, hint):
    def collect(answer):
        WRONG[id].append((hint, answer))
        return answer

    return collect
