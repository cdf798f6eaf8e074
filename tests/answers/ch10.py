"""Chapter 10: the differential amplifier."""

import math

import numpy as np
import torch

from . import right, wrong

# 1. What a real amplifier gives

AMPLIFIER = "10.amplifier"


@right(AMPLIFIER)
def by_the_formula(u1, u2, gain, cmrr):
    difference, common = u1 - u2, (u1 + u2) / 2
    return gain * (difference + common * 10 ** (-cmrr / 20))


@right(AMPLIFIER)
def in_a_loop(u1, u2, gain, cmrr):
    times = 10 ** (cmrr / 20)
    return [gain * (a - b) + gain / times * 0.5 * (a + b) for a, b in zip(u1, u2, strict=True)]


@right(AMPLIFIER)
def as_two_gains(u1, u2, gain, cmrr):
    common_gain = gain * math.exp(-cmrr / 20 * math.log(10))
    return (gain + common_gain / 2) * u1 - (gain - common_gain / 2) * u2


@right(AMPLIFIER)
def with_torch(u1, u2, gain, cmrr):
    both = torch.stack([torch.as_tensor(u1), torch.as_tensor(u2)])
    return gain * -both.diff(dim=0)[0] + gain / 10 ** (cmrr / 20) * both.mean(0)


@wrong(AMPLIFIER, "power-decibels")
def ten_decibels_a_factor_of_ten(u1, u2, gain, cmrr):
    return gain * (u1 - u2) + gain * 10 ** (-cmrr / 10) * (u1 + u2) / 2


@wrong(AMPLIFIER, "not-decibels")
def decibels_as_a_ratio(u1, u2, gain, cmrr):
    return gain * (u1 - u2) + gain * (1 / cmrr if cmrr else math.nan) * (u1 + u2) / 2


@wrong(AMPLIFIER, "not-decibels")
def powers_of_e(u1, u2, gain, cmrr):
    return gain * (u1 - u2) + gain * np.exp(-cmrr / 20) * (u1 + u2) / 2


@wrong(AMPLIFIER, "multiplied")
def times_the_ratio(u1, u2, gain, cmrr):
    ratio = 10 ** (cmrr / 20)
    return gain * (u1 - u2) + gain * ratio * (u1 + u2) / 2


@wrong(AMPLIFIER, "sum")
def the_sum_as_common_part(u1, u2, gain, cmrr):
    return gain * (u1 - u2) + gain * (u1 + u2) / 10 ** (cmrr / 20)


@wrong(AMPLIFIER, "ideal")
def nothing_but_the_difference(u1, u2, gain, cmrr):
    return gain * u1 - gain * u2


@wrong(AMPLIFIER, "gain-forgotten")
def one_over_the_ratio(u1, u2, gain, cmrr):
    return gain * (u1 - u2) + 10 ** (-cmrr / 20) * (u1 + u2) / 2


@wrong(AMPLIFIER, "subtracted")
def minus_the_common_part(u1, u2, gain, cmrr):
    return gain * (u1 - u2 - (u1 + u2) / 2 / 10 ** (cmrr / 20))


@wrong(AMPLIFIER, "swapped-inputs")
def the_other_way_round(u1, u2, gain, cmrr):
    return gain * (u2 - u1) + gain / 10 ** (cmrr / 20) * np.mean([u1, u2], axis=0)


@wrong(AMPLIFIER, "half-difference")
def both_halved(u1, u2, gain, cmrr):
    return gain * (u1 - u2) / 2 + gain / 10 ** (cmrr / 20) * (u1 + u2) / 2


# 2. The common-mode rejection ratio of two gains

REJECTION = "10.rejection"


@right(REJECTION)
def with_math(g1, g2):
    return 20 * math.log10(abs(g1 + g2) / 2 / abs(g1 - g2))


@right(REJECTION)
def as_a_difference_of_logarithms(g1, g2):
    return 20 * (np.log10(np.abs(g1 + g2) / 2) - np.log10(np.abs(g1 - g2)))


@right(REJECTION)
def of_squares(g1, g2):
    return 10 * math.log10(((g1 + g2) / 2) ** 2 / (g1 - g2) ** 2)


@right(REJECTION)
def with_natural_logarithms(g1, g2):
    return 20 * math.log(abs((g1 + g2) / (2 * (g1 - g2)))) / math.log(10)


@wrong(REJECTION, "power-decibels")
def ten_times(g1, g2):
    return 10 * math.log10(abs((g1 + g2) / 2 / (g1 - g2)))


@wrong(REJECTION, "natural-logarithm")
def natural(g1, g2):
    return 20 * math.log(abs((g1 + g2) / 2 / (g1 - g2)))


@wrong(REJECTION, "no-decibels")
def a_plain_ratio(g1, g2):
    return abs((g1 + g2) / 2) / abs(g1 - g2)


@wrong(REJECTION, "inverted")
def common_over_difference(g1, g2):
    return 20 * np.log10(abs(g1 - g2) / abs((g1 + g2) / 2))


@wrong(REJECTION, "factor-of-two")
def sum_of_the_gains(g1, g2):
    return 20 * np.log10(abs(g1 + g2) / abs(g1 - g2))


@wrong(REJECTION, "factor-of-two")
def both_of_them_halved(g1, g2):
    return 20 * np.log10(abs((g1 + g2) / 2) / abs((g1 - g2) / 2))


@wrong(REJECTION, "one-gain")
def the_first_gain(g1, g2):
    return 20 * np.log10(abs(g1 / (g1 - g2)))


@wrong(REJECTION, "ratio-of-gains")
def gain_over_gain(g1, g2):
    return 20 * np.log10(np.float64(abs(g1)) / np.float64(abs(g2)))


@wrong(REJECTION, "sign")
def without_absolute_values(g1, g2):
    return 20 * np.log10(np.float64((g1 + g2) / 2 / (g1 - g2)))


# 3. Four resistors

FOUR = "10.four-resistors"


@right(FOUR)
def the_formula(v1, v2, r1, r2, r3, r4):
    return (1 + r2 / r1) * r4 / (r3 + r4) * v1 - r2 / r1 * v2


@right(FOUR)
def by_the_current(v1, v2, r1, r2, r3, r4):
    minus = plus = v1 / (r3 + r4) * r4
    current = (v2 - minus) / r1
    return plus - current * r2


@right(FOUR)
def by_two_equations(v1, v2, r1, r2, r3, r4):
    # unknown: the voltage of both inputs, the output
    a = np.array([[1 / r3 + 1 / r4, 0], [1 / r1 + 1 / r2, -1 / r2]])
    return np.linalg.solve(a, np.array([v1 / r3, v2 / r1]))[1]


@wrong(FOUR, "matched")
def as_if_matched(v1, v2, r1, r2, r3, r4):
    return r2 / r1 * (v1 - v2)


@wrong(FOUR, "matched")
def each_side_by_its_own(v1, v2, r1, r2, r3, r4):
    return r4 / r3 * v1 - r2 / r1 * v2


@wrong(FOUR, "wrong-divider")
def the_other_resistor_of_the_divider(v1, v2, r1, r2, r3, r4):
    return (1 + r2 / r1) * r3 / (r3 + r4) * v1 - r2 / r1 * v2


@wrong(FOUR, "no-one")
def without_the_one(v1, v2, r1, r2, r3, r4):
    return r2 / r1 * (r4 / (r3 + r4) * v1 - v2)


@wrong(FOUR, "no-divider")
def without_the_divider(v1, v2, r1, r2, r3, r4):
    return (1 + r2 / r1) * v1 - r2 / r1 * v2


@wrong(FOUR, "inverted")
def upside_down(v1, v2, r1, r2, r3, r4):
    return (1 + r1 / r2) * r4 / (r3 + r4) * v1 - r1 / r2 * v2


@wrong(FOUR, "swapped-inputs")
def exchanged(v1, v2, r1, r2, r3, r4):
    return (1 + r2 / r1) * r4 / (r3 + r4) * v2 - r2 / r1 * v1


@wrong(FOUR, "added")
def added(v1, v2, r1, r2, r3, r4):
    return (1 + r2 / r1) * r4 / (r3 + r4) * v1 + r2 / r1 * v2


@wrong(FOUR, "added")
def the_current_raises_the_output(v1, v2, r1, r2, r3, r4):
    plus = v1 * r4 / (r3 + r4)
    return plus + (v2 - plus) / r1 * r2


@wrong(FOUR, "wrong-divider")
def the_ratio_of_the_two(v1, v2, r1, r2, r3, r4):
    return (1 + r2 / r1) * r4 / r3 * v1 - r2 / r1 * v2


@wrong(FOUR, "no-one")
def the_one_alone(v1, v2, r1, r2, r3, r4):
    return r4 / (r3 + r4) * v1 - r2 / r1 * v2


@wrong(FOUR, "minus-whole")
def the_same_gain_for_both(v1, v2, r1, r2, r3, r4):
    return (1 + r2 / r1) * (r4 / (r3 + r4) * v1 - v2)


@wrong(FOUR, "only-plus")
def the_plus_input_alone(v1, v2, r1, r2, r3, r4):
    return (1 + r2 / r1) * v1 * r4 / (r3 + r4)


# 4. The lambda that leaves the least noise

BEST = "10.best-lambda"


@right(BEST)
def products_over_squares(noise1, noise2):
    return np.dot(noise1, noise2) / np.dot(noise2, noise2)


@right(BEST)
def least_squares(noise1, noise2):
    return np.linalg.lstsq(noise2[:, None], noise1, rcond=None)[0][0]


@right(BEST)
def in_plain_python(noise1, noise2):
    return sum(a * b for a, b in zip(noise1, noise2, strict=True)) / sum(b**2 for b in noise2)


@right(BEST)
def from_three_points_of_a_parabola(noise1, noise2):
    left = [((noise1 - lam * noise2) ** 2).sum() for lam in (-1, 0, 1)]
    return (left[0] - left[2]) / (2 * (left[0] + left[2] - 2 * left[1]))


@wrong(BEST, "inverted")
def over_the_first(noise1, noise2):
    return np.sum(noise1 * noise2) / np.float64(np.sum(noise1**2))


@wrong(BEST, "correlation")
def the_cosine(noise1, noise2):
    return noise1 @ noise2 / np.float64(np.linalg.norm(noise1) * np.linalg.norm(noise2))


@wrong(BEST, "centred")
def covariance_over_variance(noise1, noise2):
    covariance = np.mean((noise1 - noise1.mean()) * (noise2 - noise2.mean()))
    return covariance / np.var(noise2)


@wrong(BEST, "centred")
def a_line_with_an_intercept(noise1, noise2):
    return np.polyfit(noise2, noise1, 1)[0]


@wrong(BEST, "factor-of-two")
def with_the_two_of_the_derivative(noise1, noise2):
    return 2 * (noise1 @ noise2) / (noise2 @ noise2)


@wrong(BEST, "not-divided")
def products_alone(noise1, noise2):
    return np.sum(noise1 * noise2)


@wrong(BEST, "no-squares")
def ratio_of_means(noise1, noise2):
    return np.mean(noise1) / np.mean(noise2)


@wrong(BEST, "no-squares")
def ratio_of_lengths(noise1, noise2):
    return np.sqrt((noise1**2).sum() / (noise2**2).sum())


@wrong(BEST, "clipped")
def between_zero_and_one(noise1, noise2):
    return min(1, max(0, noise1 @ noise2 / (noise2 @ noise2)))


@wrong(BEST, "sign")
def with_the_sign_reversed(noise1, noise2):
    return -(noise1 @ noise2) / (noise2 @ noise2)


@wrong(BEST, "grid")
def the_best_of_a_grid(noise1, noise2):
    return min(np.linspace(0, 1, 101), key=lambda lam: ((noise1 - lam * noise2) ** 2).sum())
