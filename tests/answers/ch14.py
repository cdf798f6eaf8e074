"""Chapter 14: the paper's claims, one by one."""

import math

import numpy as np
import torch

from . import right, wrong

# 1. From an interval to a word

WORD = "14.word"


@right(WORD)
def word_step_by_step(low, high, margin, larger):
    if low > 0:
        return 0 if larger else 1
    if high < 0:
        return 1 if larger else 0
    if low > -margin and high < margin:
        return 2
    return 3


@right(WORD)
def word_turned(low, high, margin, larger):
    if not larger:
        low, high = -high, -low
    if low > 0:
        return 0
    if high < 0:
        return 1
    return 2 if max(-low, high) < margin else 3


@right(WORD)
def word_by_signs(low, high, margin, larger):
    if low * high > 0:
        return int((low > 0) != larger)
    return 2 + (max(abs(low), abs(high)) >= margin)


@right(WORD)
def word_in_torch(low, high, margin, larger):
    ends = torch.tensor([low, high], dtype=torch.float64)
    if (ends > 0).all() or (ends < 0).all():
        return torch.tensor(0 if bool(ends[0] > 0) == larger else 1)
    return torch.tensor(2 if (ends.abs() < margin).all() else 3)


@wrong(WORD, "direction")
def word_larger_is_better(low, high, margin, larger):
    return word_step_by_step(low, high, margin, True)


@wrong(WORD, "direction")
def word_smaller_is_better(low, high, margin, larger):
    return word_step_by_step(low, high, margin, not larger)


@wrong(WORD, "direction")
def word_from_the_signs_alone(low, high, margin, larger):
    return 0 if low > 0 else 1 if high < 0 else 2


@wrong(WORD, "direction")
def word_seen_or_not(low, high, margin, larger):
    return 0 if low > 0 else 1 if high < 0 else 3


@wrong(WORD, "unseen-is-tie")
def word_of_two_halves(low, high, margin, larger):
    if low > 0:
        return 0 if larger else 1
    if high < 0:
        return 1 if larger else 0
    return 2


@wrong(WORD, "no-tie")
def word_without_a_tie(low, high, margin, larger):
    if low <= 0 <= high:
        return 3
    return 0 if (low > 0) == larger else 1


@wrong(WORD, "tie-first")
def word_tie_first(low, high, margin, larger):
    if -margin < low and high < margin:
        return 2
    if low > 0:
        return 0 if larger else 1
    if high < 0:
        return 1 if larger else 0
    return 3


@wrong(WORD, "middle")
def word_by_the_mean(low, high, margin, larger):
    mean = (low + high) / 2
    if low > 0 or high < 0:
        return 0 if (mean > 0) == larger else 1
    return 2 if abs(mean) < margin else 3


@wrong(WORD, "one-end")
def word_by_the_upper_end(low, high, margin, larger):
    if low > 0:
        return 0 if larger else 1
    if high < 0:
        return 1 if larger else 0
    return 2 if high < margin else 3


@wrong(WORD, "width")
def word_by_the_length(low, high, margin, larger):
    if low > 0 or high < 0:
        return 0 if (low > 0) == larger else 1
    return 2 if high - low < 2 * margin else 3


@wrong(WORD, "beyond-margin")
def word_beyond_the_margin(low, high, margin, larger):
    if low > margin:
        return 0 if larger else 1
    if high < -margin:
        return 1 if larger else 0
    return 2 if low > -margin and high < margin else 3


@wrong(WORD, "touching")
def word_touching_zero(low, high, margin, larger):
    if low >= 0:
        return 0 if larger else 1
    if high <= 0:
        return 1 if larger else 0
    return 2 if low > -margin and high < margin else 3


@wrong(WORD, "touching")
def word_touching_the_margin(low, high, margin, larger):
    if low > 0:
        return 0 if larger else 1
    if high < 0:
        return 1 if larger else 0
    return 2 if low >= -margin and high <= margin else 3


@wrong(WORD, "one-sided")
def word_of_gains_alone(low, high, margin, larger):
    if low > 0:
        return 0 if larger else 1
    return 2 if low > -margin and high < margin else 3


@wrong(WORD, "other-places")
def word_from_one(low, high, margin, larger):
    return 1 + word_step_by_step(low, high, margin, larger)


@wrong(WORD, "type")
def word_as_text(low, high, margin, larger):
    return ["better", "worse", "tie", "no difference seen"][word_step_by_step(low, high, margin, larger)]


# 2. All right so far

ALL = "14.all-right"


@right(ALL)
def all_right_with_products(said, goal):
    return np.cumprod(said == goal, axis=1).mean(axis=0)


@right(ALL)
def all_right_with_loops(said, goal):
    counts = [0] * len(goal[0])
    for a, b in zip(said, goal, strict=True):
        for step, (x, y) in enumerate(zip(a, b, strict=True)):
            if x != y:
                break
            counts[step] += 1
    return [count / len(goal) for count in counts]


@right(ALL)
def all_right_by_prefixes(said, goal):
    return [np.all(said[:, :h] == goal[:, :h], axis=1).mean() for h in range(1, goal.shape[1] + 1)]


@right(ALL)
def all_right_in_torch(said, goal):
    return (said == goal).long().cummin(1).values.float().mean(0)


@wrong(ALL, "each-step")
def all_right_each_step(said, goal):
    return [np.mean(said[:, h] == goal[:, h]) for h in range(goal.shape[1])]


@wrong(ALL, "product-of-means")
def all_right_by_independence(said, goal):
    shares, total = [], 1
    for share in (said == goal).mean(0):
        total *= share
        shares.append(total)
    return shares


@wrong(ALL, "last-alone")
def all_right_at_the_end(said, goal):
    return np.mean([(a == b).all() for a, b in zip(said, goal, strict=True)])


@wrong(ALL, "mean-of-steps")
def all_right_on_average(said, goal):
    return [(said[:, :h] == goal[:, :h]).mean() for h in range(1, goal.shape[1] + 1)]


@wrong(ALL, "counts")
def all_right_counted(said, goal):
    return np.cumprod(said == goal, axis=1).sum(0)


@wrong(ALL, "axis")
def all_right_down_the_texts(said, goal):
    return np.cumprod(said == goal, axis=0).mean(axis=0)


@wrong(ALL, "axis")
def all_right_of_each_text(said, goal):
    return np.cumprod(said == goal, axis=1).mean(axis=1)


@wrong(ALL, "shape")
def all_right_of_every_text(said, goal):
    return np.cumprod(said == goal, axis=1)


@wrong(ALL, "from-the-end")
def all_right_from_the_end(said, goal):
    return [np.all(said[:, h:] == goal[:, h:], axis=1).mean() for h in range(goal.shape[1])]


@wrong(ALL, "any")
def all_right_once(said, goal):
    return [np.any(said[:, :h] == goal[:, :h], axis=1).mean() for h in range(1, goal.shape[1] + 1)]


@wrong(ALL, "wrong-ones")
def all_right_turned(said, goal):
    return 1 - np.cumprod(said == goal, axis=1).mean(axis=0)


@wrong(ALL, "conditional")
def all_right_given_the_last(said, goal):
    shares = np.cumprod(said == goal, axis=1).mean(axis=0)
    out = [shares[0]]
    for before, now in zip(shares, shares[1:], strict=False):
        out.append(now / before if before else 0)
    return out


# 3. How sure one step has to be

NEEDED = "14.needed"


@right(NEEDED)
def needed_by_power(share, hops):
    return share ** (1 / hops)


@right(NEEDED)
def needed_by_logarithms(share, hops):
    return math.exp(math.log(share) / hops) if share else 0.0


@right(NEEDED)
def needed_by_halving(share, hops):
    low, high = 0.0, 1.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if middle**hops < share else (low, middle)
    return high if share else 0


@wrong(NEEDED, "divided")
def needed_shared_out(share, hops):
    return share / hops


@wrong(NEEDED, "errors-add")
def needed_with_errors_added(share, hops):
    return 1 - (1 - share) / hops


@wrong(NEEDED, "power")
def needed_of_all(share, hops):
    total = 1
    for _ in range(hops):
        total *= share
    return total


@wrong(NEEDED, "of-the-error")
def needed_of_errors(share, hops):
    return 1 - (1 - share) ** (1 / hops)


@wrong(NEEDED, "of-the-error")
def needed_of_at_least_one(share, hops):
    return 1 - (1 - share) ** hops


@wrong(NEEDED, "off-by-one")
def needed_of_one_more(share, hops):
    return share ** (1 / (hops + 1))


@wrong(NEEDED, "square-root")
def needed_of_two(share, hops):
    return math.sqrt(share)


@wrong(NEEDED, "whole-division")
def needed_whole(share, hops):
    return share ** (1 // hops)


@wrong(NEEDED, "divided")
def needed_without_brackets(share, hops):
    return share**1 / hops


@wrong(NEEDED, "given-up")
def needed_as_it_is(share, hops):
    return share


# 4. Scores of few bits

QUANTISE = "14.quantise"


@right(QUANTISE)
def quantise_whole(x, bits):
    top = 2 ** (bits - 1) - 1
    scale = top / np.max(np.abs(x))
    return np.rint(x * scale) / scale


@right(QUANTISE)
def quantise_with_levels(x, bits):
    top = 2 ** (bits - 1) - 1
    levels = np.arange(-top, top + 1) * max(x.max(), -x.min()) / top
    return levels[np.abs(x[..., None] - levels).argmin(-1)]


@right(QUANTISE)
def quantise_with_loops(x, bits):
    step = max(abs(float(one)) for one in x.flat) / (2 ** (bits - 1) - 1)
    return np.array([step * round(one / step) for one in x.flat]).reshape(x.shape)


@right(QUANTISE)
def quantise_in_torch(x, bits):
    step = x.abs().amax() / (2 ** (bits - 1) - 1)
    return (x / step).round() * step


@wrong(QUANTISE, "sign")
def quantise_by_the_maximum(x, bits):
    step = x.max() / (2 ** (bits - 1) - 1)
    return np.round(x / step) * step


@wrong(QUANTISE, "levels")
def quantise_with_all_bits(x, bits):
    step = np.abs(x).max() / (2**bits - 1)
    return np.round(x / step) * step


@wrong(QUANTISE, "levels")
def quantise_one_level_more(x, bits):
    step = np.abs(x).max() / 2 ** (bits - 1)
    return np.round(x / step) * step


@wrong(QUANTISE, "levels")
def quantise_half_levels(x, bits):
    step = 2 * np.abs(x).max() / (2**bits - 1)
    return np.round(x / step) * step


@wrong(QUANTISE, "not-nearest")
def quantise_downwards(x, bits):
    step = np.abs(x).max() / (2 ** (bits - 1) - 1)
    return x // step * step


@wrong(QUANTISE, "not-nearest")
def quantise_towards_zero(x, bits):
    step = np.abs(x).max() / (2 ** (bits - 1) - 1)
    return (x / step).astype(int) * step


@wrong(QUANTISE, "not-scaled-back")
def quantise_as_whole_numbers(x, bits):
    return np.round(x / (np.abs(x).max() / (2 ** (bits - 1) - 1)))


@wrong(QUANTISE, "no-rounding")
def quantise_nothing(x, bits):
    step = np.abs(x).max() / (2 ** (bits - 1) - 1)
    return x / step * step


@wrong(QUANTISE, "between-ends")
def quantise_between_the_ends(x, bits):
    levels = np.linspace(x.min(), x.max(), 2**bits)
    return levels[np.abs(x[..., None] - levels).argmin(-1)]


@wrong(QUANTISE, "by-row")
def quantise_row_by_row(x, bits):
    step = np.abs(x).max(axis=-1, keepdims=True) / (2 ** (bits - 1) - 1)
    return np.round(x / step) * step


@wrong(QUANTISE, "decimals")
def quantise_to_decimals(x, bits):
    return x.round(bits)
