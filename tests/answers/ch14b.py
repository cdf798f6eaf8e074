"""Chapter 14b: the Fragile Principle."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from . import right, wrong

# 1. One step of PGD

STEP = "14b.pgd-step"


@right(STEP)
def step_in_numpy(start, moved, slope, strength):
    new = moved + strength / 4 * np.sign(slope)
    new = np.clip(new, start - strength, start + strength)
    return np.clip(new, 0, 1)


@right(STEP)
def step_in_torch(start, moved, slope, strength):
    start, moved, slope = map(torch.tensor, (start, moved, slope))
    change = (moved + 0.25 * strength * slope.sign() - start).clamp(-strength, strength)
    return (start + change).clamp(0, 1)


@right(STEP)
def step_with_minima(start, moved, slope, strength):
    new = np.minimum(np.maximum(moved + np.sign(slope) * strength / 4, 0), 1)
    return np.maximum(np.minimum(new, start + strength), start - strength)


@right(STEP)
def step_of_the_mean(start, moved, slope, strength):
    slope = slope / 500  # as the gradient of a mean has it
    new = moved + strength / 4 * np.sign(slope)
    return np.clip(np.clip(new, 0, 1), start - strength, start + strength)


@right(STEP)
def step_pixel_by_pixel(start, moved, slope, strength):
    new = np.empty_like(start)
    for at in np.ndindex(start.shape):
        way = (slope[at] > 0) - (slope[at] < 0) * 1.0
        x = moved[at] + way * strength / 4
        new[at] = min(max(x, start[at] - strength, 0), start[at] + strength, 1)
    return new


@wrong(STEP, "no-sign")
def step_without_sign(start, moved, slope, strength):
    new = moved + strength / 4 * slope
    return np.clip(np.clip(new, start - strength, start + strength), 0, 1)


@wrong(STEP, "no-sign")
def step_of_unit_length(start, moved, slope, strength):
    new = moved + strength / 4 * slope / max(np.sqrt((slope**2).sum()), 1e-12)
    return np.clip(np.clip(new, start - strength, start + strength), 0, 1)


@wrong(STEP, "descends")
def step_down(start, moved, slope, strength):
    new = moved - strength / 4 * np.sign(slope)
    return np.clip(np.clip(new, start - strength, start + strength), 0, 1)


@wrong(STEP, "no-projection")
def step_without_projection(start, moved, slope, strength):
    return np.clip(moved + strength / 4 * np.sign(slope), 0, 1)


@wrong(STEP, "no-projection")
def step_projected_on_moved(start, moved, slope, strength):
    new = moved + strength / 4 * np.sign(slope)
    return np.clip(np.clip(new, moved - strength, moved + strength), 0, 1)


@wrong(STEP, "no-clamp")
def step_without_clamp(start, moved, slope, strength):
    return np.clip(moved + strength / 4 * np.sign(slope), start - strength, start + strength)


@wrong(STEP, "not-brought-back")
def step_alone(start, moved, slope, strength):
    return moved + strength / 4 * np.sign(slope)


@wrong(STEP, "one-side")
def step_stopped_above(start, moved, slope, strength):
    return np.clip(np.minimum(moved + strength / 4 * np.sign(slope), start + strength), 0, 1)


@wrong(STEP, "whole-step")
def step_of_the_whole_strength(start, moved, slope, strength):
    new = moved + strength * np.sign(slope)
    return np.clip(np.clip(new, start - strength, start + strength), 0, 1)


@wrong(STEP, "whole-step")
def step_of_a_quarter(start, moved, slope, strength):
    new = moved + 0.25 * np.sign(slope)
    return np.clip(np.clip(new, start - strength, start + strength), 0, 1)


@wrong(STEP, "from-start")
def step_from_the_start(start, moved, slope, strength):
    return np.clip(start + strength / 4 * np.sign(slope), 0, 1)


@wrong(STEP, "zero-moves")
def step_with_zero_up(start, moved, slope, strength):
    way = np.where(slope >= 0, 1.0, -1.0)
    return np.clip(np.clip(moved + strength / 4 * way, start - strength, start + strength), 0, 1)


@wrong(STEP, "the-change")
def step_as_a_change(start, moved, slope, strength):
    return step_in_numpy(start, moved, slope, strength) - start


# 2. The length of the difference

LENGTH = "14b.length"


@right(LENGTH)
def length_by_formula(first, second, cosine, lam):
    return math.sqrt(first**2 + (lam * second) ** 2 - 2 * first * lam * second * cosine)


@right(LENGTH)
def length_of_vectors(first, second, cosine, lam):
    g1 = np.array([first, 0.0])
    g2 = second * np.array([cosine, np.sqrt(1 - cosine**2)])
    return np.linalg.norm(g1 - lam * g2)


@right(LENGTH)
def length_in_torch(first, second, cosine, lam):
    a, b = torch.tensor(first), torch.tensor(lam * second)
    return (a * a + b * b - 2 * a * b * cosine).sqrt()


@wrong(LENGTH, "plus")
def length_with_plus(first, second, cosine, lam):
    return math.sqrt(first**2 + lam**2 * second**2 + 2 * lam * first * second * cosine)


@wrong(LENGTH, "lambda-once")
def length_lambda_not_squared(first, second, cosine, lam):
    return np.sqrt(np.abs(first**2 + lam * second**2 - 2 * lam * first * second * cosine))


@wrong(LENGTH, "lambda-once")
def length_lambda_not_in_the_cross(first, second, cosine, lam):
    return np.sqrt(np.abs(first**2 + lam**2 * second**2 - 2 * first * second * cosine))


@wrong(LENGTH, "no-lambda")
def length_without_lambda(first, second, cosine, lam):
    return np.sqrt(first**2 + second**2 - 2 * first * second * cosine)


@wrong(LENGTH, "no-root")
def length_squared(first, second, cosine, lam):
    return first**2 + lam**2 * second**2 - 2 * lam * first * second * cosine


@wrong(LENGTH, "half")
def length_without_two(first, second, cosine, lam):
    return np.sqrt(first**2 + lam**2 * second**2 - lam * first * second * cosine)


@wrong(LENGTH, "no-cosine")
def length_by_pythagoras(first, second, cosine, lam):
    return math.hypot(first, lam * second)


@wrong(LENGTH, "lengths-alone")
def length_minus_length(first, second, cosine, lam):
    return abs(first - lam * second)


@wrong(LENGTH, "lengths-alone")
def length_along_the_first(first, second, cosine, lam):
    return first - lam * second * cosine


@wrong(LENGTH, "lambda-on-the-first")
def length_of_the_other_difference(first, second, cosine, lam):
    return math.sqrt((lam * first) ** 2 + second**2 - 2 * lam * first * second * cosine)


@wrong(LENGTH, "lengths-once")
def length_of_cross_without_lengths(first, second, cosine, lam):
    return np.sqrt(np.abs(first**2 + lam**2 * second**2 - 2 * lam * cosine))


# 3. The cosine of each picture

COSINES = "14b.cosines"


@right(COSINES)
def cosines_flattened(first, second):
    a, b = first.reshape(len(first), -1), second.reshape(len(second), -1)
    return (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


@right(COSINES)
def cosines_in_torch(first, second):
    return F.cosine_similarity(torch.tensor(first).flatten(1), torch.tensor(second).flatten(1))


@right(COSINES)
def cosines_in_a_loop(first, second):
    return [(a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum()) for a, b in zip(first, second, strict=True)]


@right(COSINES)
def cosines_over_two_axes(first, second):
    return np.einsum("btd,btd->b", first, second) / (
        np.sqrt(np.einsum("btd,btd->b", first, first)) * np.sqrt(np.einsum("btd,btd->b", second, second)))


@wrong(COSINES, "mean-of-tokens")
def cosines_averaged_over_tokens(first, second):
    return F.cosine_similarity(torch.tensor(first), torch.tensor(second), dim=-1).mean(1)


@wrong(COSINES, "each-token")
def cosines_of_tokens(first, second):
    return F.cosine_similarity(torch.tensor(first), torch.tensor(second), dim=-1)


@wrong(COSINES, "all-pictures")
def cosine_of_the_batch(first, second):
    a, b = first.ravel(), second.ravel()
    return a @ b / np.linalg.norm(a) / np.linalg.norm(b)


@wrong(COSINES, "all-pictures")
def cosine_averaged_over_pictures(first, second):
    return cosines_flattened(first, second).mean()


@wrong(COSINES, "mean-first")
def cosines_of_mean_tokens(first, second):
    return F.cosine_similarity(torch.tensor(first).mean(1), torch.tensor(second).mean(1))


@wrong(COSINES, "no-lengths")
def cosines_as_products(first, second):
    return (first * second).sum((1, 2))


@wrong(COSINES, "one-length")
def cosines_over_one_length(first, second):
    a, b = first.reshape(len(first), -1), second.reshape(len(second), -1)
    return (a * b).sum(1) / np.linalg.norm(a, axis=1)


@wrong(COSINES, "one-length")
def cosines_over_squares(first, second):
    a, b = first.reshape(len(first), -1), second.reshape(len(second), -1)
    return (a * b).sum(1) / ((a**2).sum(1) * (b**2).sum(1))


@wrong(COSINES, "lengths-of-all")
def cosines_over_the_batch(first, second):
    return (first * second).sum((1, 2)) / (np.linalg.norm(first) * np.linalg.norm(second))


@wrong(COSINES, "no-sign")
def cosines_without_sign(first, second):
    return abs(cosines_flattened(first, second))


@wrong(COSINES, "angle")
def cosines_as_angles(first, second):
    return np.arccos(np.clip(cosines_flattened(first, second), -1, 1))
