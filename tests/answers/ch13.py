"""Chapter 13: training the DIFF Transformer, and when a comparison counts."""

import math

import numpy as np
import torch
from scipy import stats

from . import right, wrong

# 1. The lambda that the bound asks for

LAMBDA = "13.lambda-star"


@right(LAMBDA)
def lambda_by_formula(bound, n):
    return n / (math.exp(2 * bound) + n - 1)


@right(LAMBDA)
def lambda_from_the_noise(bound, n):
    one = math.exp(-bound) / (math.exp(bound) + (n - 1) * math.exp(-bound))
    return n * one


@right(LAMBDA)
def lambda_from_a_softmax(bound, n):
    scores = torch.full((n,), -bound, dtype=torch.float64)
    scores[0] = bound
    return scores.softmax(0)[1] * n


@right(LAMBDA)
def lambda_from_the_share(bound, n):
    p = 1 / (1 + (n - 1) * np.exp(-2 * bound))
    return n * (1 - p) / (n - 1)


@wrong(LAMBDA, "one-bound")
def lambda_of_one_bound(bound, n):
    return n / (math.exp(bound) + n - 1)


@wrong(LAMBDA, "power")
def lambda_of_twice_the_exponential(bound, n):
    return n / (2 * math.exp(bound) + n - 1)


@wrong(LAMBDA, "power")
def lambda_of_the_square(bound, n):
    return n / (np.exp(bound**2) + n - 1)


@wrong(LAMBDA, "power")
def lambda_of_minus(bound, n):
    return n / (np.exp(-2 * bound) + n - 1)


@wrong(LAMBDA, "counts-the-answer")
def lambda_with_n(bound, n):
    return n / (np.exp(2 * bound) + n)


@wrong(LAMBDA, "noise")
def lambda_as_the_noise(bound, n):
    p = np.exp(2 * bound) / (np.exp(2 * bound) + n - 1)
    return 1 - p


@wrong(LAMBDA, "one-key")
def lambda_of_one_key(bound, n):
    return np.exp(-bound) / (np.exp(bound) + (n - 1) * np.exp(-bound))


@wrong(LAMBDA, "answer")
def lambda_as_the_answer(bound, n):
    scores = np.full(n, -bound)
    scores[0] = bound
    e = np.exp(scores)
    return e[0] / e.sum()


@wrong(LAMBDA, "reversed")
def lambda_upside_down(bound, n):
    return (np.exp(2 * bound) + n - 1) / n


@wrong(LAMBDA, "rest")
def lambda_what_is_left(bound, n):
    return (np.exp(2 * bound) - 1) / (np.exp(2 * bound) + n - 1)


@wrong(LAMBDA, "brackets")
def lambda_without_brackets(bound, n):
    return n / np.exp(2 * bound) + n - 1


@wrong(LAMBDA, "precision")
def lambda_rounded(bound, n):
    return round(n / (math.exp(2 * bound) + n - 1), 2)


# 2. The rate, on validation data alone

RATES = "13.chosen-rates"


@right(RATES)
def rates_with_numpy(validation, test):
    means = np.nan_to_num(validation.mean(-1), nan=-np.inf)
    best = means.argmax(-1)
    return np.take_along_axis(test, best[:, None, None], axis=1)[:, 0]


@right(RATES)
def rates_with_loops(validation, test):
    chosen = []
    for tried, shown in zip(validation, test, strict=True):
        best, place = -math.inf, 0
        for i, seeds in enumerate(tried):
            if any(math.isnan(x) for x in seeds):
                continue
            if sum(seeds) / len(seeds) > best:
                best, place = sum(seeds) / len(seeds), i
        chosen.append(shown[place])
    return chosen


@right(RATES)
def rates_with_nanargmax(validation, test):
    best = np.nanargmax(validation.mean(axis=2), axis=1)
    return test[range(len(test)), best]


@right(RATES)
def rates_with_torch(validation, test):
    means = validation.mean(dim=2).nan_to_num(nan=-math.inf)
    return torch.stack([seeds[i] for seeds, i in zip(test, means.argmax(1), strict=True)])


@wrong(RATES, "on-test")
def rates_by_the_test(validation, test):
    best = test.mean(axis=-1).argmax(axis=-1)
    return np.array([test[i, j] for i, j in enumerate(best)])


@wrong(RATES, "on-test")
def rates_best_of_each_seed(validation, test):
    return test.max(axis=1)


@wrong(RATES, "failures-ignored")
def rates_of_those_left(validation, test):
    best = np.nanmean(validation, axis=2)
    best = np.where(np.isnan(best), -np.inf, best).argmax(axis=1)
    return test[np.arange(len(test)), best]


@wrong(RATES, "failures-are-zero")
def rates_with_zeros(validation, test):
    best = np.nan_to_num(validation).mean(axis=2).argmax(axis=1)
    return test[np.arange(len(test)), best]


@wrong(RATES, "nan-wins")
def rates_plain(validation, test):
    best = validation.mean(axis=2).argmax(axis=1)
    return test[np.arange(len(test)), best]


@wrong(RATES, "one-rate")
def rates_one_for_all(validation, test):
    means = validation.mean(axis=2)
    means[np.isnan(means)] = -np.inf
    return test[:, means.mean(axis=0).argmax()]


@wrong(RATES, "lucky-seed")
def rates_by_the_best_seed(validation, test):
    best = np.nan_to_num(validation, nan=-np.inf).max(axis=2).argmax(axis=1)
    return test[np.arange(len(test)), best]


@wrong(RATES, "other-mean")
def rates_by_the_median(validation, test):
    middle = np.median(validation, axis=2)
    middle[np.isnan(middle)] = -np.inf
    return test[np.arange(len(test)), middle.argmax(axis=1)]


@wrong(RATES, "worst")
def rates_smallest(validation, test):
    means = np.nan_to_num(validation.mean(axis=2), nan=np.inf)
    return test[np.arange(len(test)), means.argmin(axis=1)]


@wrong(RATES, "validation-back")
def rates_of_validation(validation, test):
    best = np.nanargmax(validation.mean(axis=2), axis=1)
    return validation[np.arange(len(test)), best]


@wrong(RATES, "mean-back")
def rates_as_means(validation, test):
    best = np.nanargmax(validation.mean(axis=2), axis=1)
    return test[np.arange(len(test)), best].mean(axis=1)


@wrong(RATES, "place")
def rates_as_places(validation, test):
    return np.nanargmax(validation.mean(axis=2), axis=1)


@wrong(RATES, "all-pairs")
def rates_of_everybody(validation, test):
    return test[:, np.nanargmax(validation.mean(axis=2), axis=1)]


# 3. The paired difference

PAIRED = "13.paired"


@right(PAIRED)
def paired_by_formula(arm, control):
    d = arm - control
    n = len(d)
    error = np.sqrt(((d - d.mean()) ** 2).sum() / (n - 1) / n)
    limit = stats.t(df=n - 1).ppf(0.975)
    return d.mean(), d.mean() - limit * error, d.mean() + limit * error


@right(PAIRED)
def paired_with_scipy(arm, control):
    low, high = stats.ttest_rel(arm, control).confidence_interval(0.95)
    return [np.mean(arm) - np.mean(control), low, high]


@right(PAIRED)
def paired_with_an_interval(arm, control):
    d = [a - c for a, c in zip(arm, control, strict=True)]
    mean = sum(d) / len(d)
    return [mean, *stats.t.interval(0.95, len(d) - 1, loc=mean, scale=stats.sem(d))]


@right(PAIRED)
def paired_with_torch(arm, control):
    d = arm.float() * 0 + (arm - control)
    half = stats.t.ppf(0.975, len(d) - 1) * d.std() / len(d) ** 0.5
    return torch.stack([d.mean(), d.mean() - half, d.mean() + half])


@wrong(PAIRED, "unpaired")
def paired_not_at_all(arm, control):
    low, high = stats.ttest_ind(arm, control).confidence_interval(0.95)
    return arm.mean() - control.mean(), low, high


@wrong(PAIRED, "normal")
def paired_with_two_errors(arm, control):
    d = arm - control
    return d.mean(), d.mean() - 2 * stats.sem(d), d.mean() + 2 * stats.sem(d)


@wrong(PAIRED, "normal")
def paired_with_the_bell_curve(arm, control):
    d = arm - control
    half = 1.96 * d.std(ddof=1) / np.sqrt(len(d))
    return d.mean(), d.mean() - half, d.mean() + half


@wrong(PAIRED, "degrees")
def paired_with_n(arm, control):
    d = arm - control
    return [d.mean(), *stats.t.interval(0.95, len(d), loc=d.mean(), scale=stats.sem(d))]


@wrong(PAIRED, "level")
def paired_on_one_side(arm, control):
    d = arm - control
    half = stats.t.ppf(0.95, len(d) - 1) * stats.sem(d)
    return d.mean(), d.mean() - half, d.mean() + half


@wrong(PAIRED, "deviation")
def paired_deviation(arm, control):
    d = arm - control
    half = stats.t.ppf(0.975, len(d) - 1) * d.std(ddof=1)
    return d.mean(), d.mean() - half, d.mean() + half


@wrong(PAIRED, "population")
def paired_population(arm, control):
    d = arm - control
    half = stats.t.ppf(0.975, len(d) - 1) * np.std(d) / len(d) ** 0.5
    return d.mean(), d.mean() - half, d.mean() + half


@wrong(PAIRED, "one-error")
def paired_one_error(arm, control):
    d = arm - control
    return d.mean(), d.mean() - stats.sem(d), d.mean() + stats.sem(d)


@wrong(PAIRED, "variance")
def paired_variance(arm, control):
    d = arm - control
    half = stats.t.ppf(0.975, len(d) - 1) * np.var(d, ddof=1) / len(d)
    return d.mean(), d.mean() - half, d.mean() + half


@wrong(PAIRED, "sign")
def paired_turned(arm, control):
    return paired_with_an_interval(control, arm)


@wrong(PAIRED, "size")
def paired_sizes(arm, control):
    d = np.abs(arm - control)
    return [d.mean(), *stats.t.interval(0.95, len(d) - 1, loc=d.mean(), scale=stats.sem(d))]


@wrong(PAIRED, "order")
def paired_in_another_order(arm, control):
    difference, low, high = paired_with_scipy(arm, control)
    return low, difference, high


@wrong(PAIRED, "two-numbers")
def paired_interval_alone(arm, control):
    return paired_with_scipy(arm, control)[1:]


# 4. Holm

HOLM = "13.holm"


@right(HOLM)
def holm_with_loops(p):
    order = sorted(range(len(p)), key=lambda i: p[i])
    corrected, largest = [0.0] * len(p), 0.0
    for place, i in enumerate(order):
        largest = max(largest, (len(p) - place) * p[i])
        corrected[i] = min(1.0, largest)
    return corrected


@right(HOLM)
def holm_with_ranks(p):
    ranks = p.argsort().argsort()
    raw = p * (len(p) - ranks)
    return np.array([min(1, max(raw[ranks <= r])) for r in ranks])


@right(HOLM)
def holm_with_torch(p):
    values, order = p.sort()
    factors = torch.arange(len(p), 0, -1)
    corrected = (values * factors).cummax(0).values.clamp(max=1)
    return corrected[order.argsort()]


@wrong(HOLM, "bonferroni")
def holm_times_n(p):
    return [min(1, len(p) * x) for x in p]


@wrong(HOLM, "bonferroni")
def holm_times_n_unlimited(p):
    return p * len(p)


@wrong(HOLM, "not-capped")
def holm_above_one(p):
    order = np.argsort(p)
    out = np.zeros(len(p))
    out[order] = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    return out


@wrong(HOLM, "not-monotone")
def holm_without_a_maximum(p):
    ranks = p.argsort().argsort()
    return np.minimum(p * (len(p) - ranks), 1)


@wrong(HOLM, "sorted")
def holm_left_sorted(p):
    p = np.sort(p)
    return np.minimum(1, np.maximum.accumulate(p * np.arange(len(p), 0, -1)))


@wrong(HOLM, "unsorted")
def holm_in_the_order_of_the_list(p):
    largest, out = 0, []
    for i, x in enumerate(p):
        largest = max(largest, (len(p) - i) * x)
        out.append(min(1, largest))
    return out


@wrong(HOLM, "turned")
def holm_with_the_factors_turned(p):
    ranks = p.argsort().argsort()
    return np.minimum(p * (ranks + 1), 1)


@wrong(HOLM, "divides")
def holm_of_benjamini_and_hochberg(p):
    return stats.false_discovery_control(p)


@wrong(HOLM, "hochberg")
def holm_from_above(p):
    order = np.argsort(p)[::-1]
    out = np.zeros(len(p))
    out[order] = np.minimum.accumulate(np.minimum(1, p[order] * np.arange(1, len(p) + 1)))
    return out


@wrong(HOLM, "off-by-one")
def holm_one_too_few(p):
    order = np.argsort(p)
    out = np.zeros(len(p))
    out[order] = np.minimum(1, np.maximum.accumulate(p[order] * np.arange(len(p) - 1, -1, -1)))
    return out


@wrong(HOLM, "sidak")
def holm_of_sidak(p):
    return 1 - (1 - p) ** len(p)


@wrong(HOLM, "verdicts")
def holm_as_verdicts(p):
    return [float(x < 0.05) for x in holm_with_loops(p)]
