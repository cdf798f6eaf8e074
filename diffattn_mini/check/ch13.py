"""Chapter 13: training the DIFF Transformer, and when a comparison counts."""

from collections.abc import Callable

import numpy as np

from .engine import Exercise
from .mistakes import Mistake

# 1. The lambda that the bound asks for


def lambda_star(bound, n):
    return n / (np.exp(2 * bound) + n - 1)


def lambda_cases(rng: np.random.Generator) -> list[tuple]:
    cases = [(0.0, 2), (1.5, 4), (0.5, 2), (1.0, 3), (1.5, 64), (2.0, 64), (3.0, 64), (0.25, 5), (2.0, 512), (4.0, 16)]
    cases += [(8.0, 1024), (5.0, 2), (0.1, 1000), (0.0, 7), (6.0, 10**5), (6.5, 2), (7.25, 3)]
    return cases + [(round(rng.uniform(0.1, 4), 2), int(rng.integers(2, 600))) for _ in range(8)]


def of_power(power: Callable) -> tuple[Callable, ...]:
    """The formula with something else in place of e^(2B)."""
    return (lambda bound, n: n / (power(bound) + n - 1),)


LAMBDA = Exercise(
    "13.lambda-star",
    lambda_star,
    lambda_cases,
    (
        Mistake(
            "one-bound",
            ro="Ai ridicat numai la B. Răspunsul are scorul B și ceilalți −B: între ele e o distanță de 2B.",
            en="You raised to B alone. The answer has score B and the others −B: the distance between them is 2B.",
            wrong=of_power(lambda b: np.exp(b)),
        ),
        Mistake(
            "power",
            ro="Exponențiala nu e cea potrivită: trebuie e la puterea 2B, adică `np.exp(2 * bound)`.",
            en="The exponential is not the right one: it is e to the power 2B, that is `np.exp(2 * bound)`.",
            wrong=(
                *of_power(lambda b: np.exp(b) ** 2 / 2),
                *of_power(lambda b: 2 * np.exp(b)),
                *of_power(lambda b: np.exp(b**2)),
                *of_power(lambda b: np.exp(b / 2)),
                *of_power(lambda b: np.exp(-2 * b)),
                *of_power(lambda b: np.exp(-b)),
                *of_power(lambda b: 2.0 ** (2 * b)),
                *of_power(lambda b: 10.0 ** (2 * b)),
                *of_power(lambda b: 2 * b),
                *of_power(lambda b: np.exp(4 * b)),
            ),
        ),
        Mistake(
            "counts-the-answer",
            ro="La numitor ai numărat răspunsul de două ori: pe lângă el rămân N − 1 chei.",
            en="In the denominator you counted the answer twice: beside it there are N − 1 keys.",
            wrong=(
                lambda bound, n: n / (np.exp(2 * bound) + n),
                lambda bound, n: n / (np.exp(2 * bound) + n + 1),
            ),
        ),
        Mistake(
            "noise",
            ro="Aceasta e partea zgomotului din prima hartă. Harta a doua dă fiecărei chei 1/N, deci mai e de înmulțit "
            "cu N și de împărțit la N − 1.",
            en="This is the noise's part of the first map. The second map gives each key 1/N, so it still has to be "
            "multiplied by N and divided by N − 1.",
            wrong=lambda bound, n: (n - 1) / (np.exp(2 * bound) + n - 1),
        ),
        Mistake(
            "one-key",
            ro="Aceasta e ponderea unei singure chei din umplutură, în prima hartă. Întreabă-te de câte ori cuprinde "
            "1/N, ponderea ei din harta a doua.",
            en="This is the weight of a single irrelevant key in the first map. Ask how many times it holds 1/N, that "
            "key's weight in the second.",
            wrong=lambda bound, n: 1 / (np.exp(2 * bound) + n - 1),
        ),
        Mistake(
            "answer",
            ro="Aceasta e partea răspunsului din prima hartă. Lambda vine din ce primesc celelalte chei.",
            en="This is the answer's part of the first map. Lambda comes from what the other keys get.",
            wrong=(
                lambda bound, n: np.exp(2 * bound) / (np.exp(2 * bound) + n - 1),
                lambda bound, n: np.exp(bound) / (np.exp(bound) + (n - 1) * np.exp(-bound)),
                lambda bound, n: n * np.exp(2 * bound) / (np.exp(2 * bound) + n - 1),
            ),
        ),
        Mistake(
            "reversed",
            ro="Fracția e răsturnată: N stă deasupra.",
            en="The fraction is upside down: N stands on top.",
            wrong=lambda bound, n: (np.exp(2 * bound) + n - 1) / n,
        ),
        Mistake(
            "rest",
            ro="Ai întors 1 − lambda, adică ce rămâne răspunsului după scădere.",
            en="You returned 1 − lambda, which is what the answer is left with after the subtraction.",
            wrong=lambda bound, n: 1 - n / (np.exp(2 * bound) + n - 1),
        ),
        Mistake(
            "brackets",
            ro="Verifică parantezele: toată suma, exponențiala plus N minus 1, stă la numitor.",
            en="Check the brackets: the whole sum, the exponential plus N minus 1, is the denominator.",
            wrong=(
                lambda bound, n: n / np.exp(2 * bound) + n - 1,
                lambda bound, n: n / (np.exp(2 * bound) + n) - 1,
                lambda bound, n: n / np.exp(2 * bound + n - 1),
                lambda bound, n: n / np.exp(2 * bound),
            ),
        ),
    ),
)


# 2. The rate, on validation data alone


def at_chosen_rates(validation, test):
    means = validation.mean(axis=2)
    means = np.where(np.isnan(means), -np.inf, means)
    best = means.argmax(axis=1)
    return test[np.arange(len(best)), best]


def rate_cases(rng: np.random.Generator) -> list[tuple]:
    def case(arms: int, rates: int, tried: int, seeds: int, failures: int = 0) -> tuple:
        validation, test = (rng.uniform(size=(arms, rates, n)).round(3) for n in (tried, seeds))
        for _ in range(failures):
            arm = rng.integers(arms)
            whole = np.flatnonzero(~np.isnan(validation[arm]).any(axis=1))
            if len(whole) > 1:
                validation[arm, rng.choice(whole), rng.integers(tried)] = np.nan
        return validation, test

    nan = np.nan
    lucky = np.array([[[0.9, 0.1, 0.2], [0.5, 0.6, 0.55]], [[0.6, 0.6, 0.1], [0.3, 0.8, 0.4]]])
    failed = np.array([[[0.99, nan, 0.98], [0.5, 0.4, 0.45], [0.2, 0.3, 0.1]], [[0.1, 0.2, 0.3]] * 2 + [[nan] * 3]])
    failed[1, 1] += 0.05
    below = np.array([[[-1.5, -2.0], [-0.5, -0.25]]])  # a loss with its sign turned
    ten = np.arange(10) / 20
    cases = [
        (np.array([[[0.2], [0.3]]]), np.array([[[0.8], [0.7]]])),
        (below, np.array([[[-3.0, -2.5], [-1.0, -4.0]]])),
        (np.array([[[0.2], [nan]]]), np.array([[[0.3], [0.6]]])),
        (np.array([[[-2.0], [nan], [-1.0], [nan]]]), np.array([[[0.3], [0.6], [0.1], [0.5]]])),
        (lucky, np.array([[[0.9, 0.8], [0.3, 0.2]], [[0.1, 0.4], [0.7, 0.6]]])),
        (failed, np.stack([np.add.outer([0.4, 0.1, 0.5], ten), np.add.outer([0.5, 0.3, 0.2], ten)])),
        (lucky[:1, :1], np.array([[[0.3, 0.4, 0.5]]])),
    ]
    sizes = [(1, 3, 3, 2), (2, 2, 1, 1), (3, 2, 3, 4), (3, 3, 3, 3), (2, 5, 3, 10), (4, 6, 3, 10), (4, 6, 3, 10)]
    return cases + [case(*size, failures=i) for i, size in enumerate(sizes)]


def picking(best: Callable) -> Callable:
    """The answers at the rates, one an arm, that best(validation, test) gives the places of."""

    def pick(validation, test):
        places = np.broadcast_to(best(validation, test), len(test))
        return test[np.arange(len(test)), places]

    return pick


def without_failures(validation):
    means = validation.mean(axis=2)
    return np.where(np.isnan(means), -np.inf, means)


RATES = Exercise(
    "13.chosen-rates",
    at_chosen_rates,
    rate_cases,
    (
        Mistake(
            "on-test",
            ro="Ai ales rata pe datele de probă. Alege-o numai după `validation`; `test` se deschide abia la urmă.",
            en="You chose the rate on the test data. Choose it by `validation` alone; `test` is opened only at the "
            "end.",
            wrong=(
                picking(lambda v, t: t.mean(axis=2).argmax(axis=1)),
                picking(lambda v, t: t.max(axis=2).argmax(axis=1)),
                lambda v, t: t.max(axis=1),
                picking(lambda v, t: (without_failures(v) + t.mean(axis=2)).argmax(axis=1)),
            ),
        ),
        Mistake(
            "failures-ignored",
            ro="Ai făcut media peste semințele rămase. O rată la care o sămânță n-a ajuns la capăt iese din joc, "
            "oricât de bune ar fi celelalte.",
            en="You took the mean of the seeds that were left. A rate at which one seed failed is out, however good "
            "the others are.",
            wrong=picking(lambda v, t: np.where(np.isnan(v).all(2), -np.inf, np.nansum(v, 2)
                                                / np.maximum((~np.isnan(v)).sum(2), 1)).argmax(axis=1)),
        ),
        Mistake(
            "failures-are-zero",
            ro="Ai pus un număr în locul lui `nan` înainte de medie. O rată la care o sămânță a eșuat nu primește "
            "niciun număr: iese din joc, și când toate celelalte medii sunt negative.",
            en="You put a number in place of `nan`. A rate at which one seed failed is given no number: it is out, "
            "even where all the other means are negative.",
            wrong=(
                picking(lambda v, t: np.nan_to_num(v).mean(axis=2).argmax(axis=1)),
                picking(lambda v, t: np.nan_to_num(v.mean(axis=2)).argmax(axis=1)),
                picking(lambda v, t: np.nan_to_num(v.mean(axis=2), nan=-1).argmax(axis=1)),
            ),
        ),
        Mistake(
            "nan-wins",
            ro="`argmax` socotește `nan` mai mare decât orice, deci a ales tocmai rata care a eșuat. Pune întâi "
            "−inf în locul lui.",
            en="`argmax` takes `nan` for larger than anything, so it chose the very rate that failed. Put −inf in "
            "its place first.",
            wrong=picking(lambda v, t: v.mean(axis=2).argmax(axis=1)),
        ),
        Mistake(
            "one-rate",
            ro="Ai dat tuturor aceeași rată. Fiecare variantă o primește pe a ei.",
            en="You gave everybody the same rate. Each arm gets its own.",
            wrong=(
                picking(lambda v, t: without_failures(v).mean(axis=0).argmax()),
                picking(lambda v, t: np.where(np.isnan(v).any(2), 0, np.nan_to_num(v).mean(2)).mean(0).argmax()),
                picking(lambda v, t: without_failures(v)[0].argmax()),
                picking(lambda v, t: without_failures(v).max(axis=0).argmax()),
            ),
        ),
        Mistake(
            "lucky-seed",
            ro="Ai ales după cea mai norocoasă sămânță. Rata se alege după medie.",
            en="You chose by the luckiest seed. The rate is chosen by the mean.",
            wrong=(
                picking(lambda v, t: np.where(np.isnan(v).any(2), -np.inf, v.max(axis=2)).argmax(axis=1)),
                picking(lambda v, t: np.where(np.isnan(v), -np.inf, v).max(axis=2).argmax(axis=1)),
            ),
        ),
        Mistake(
            "other-mean",
            ro="Ai ales după altceva decât media semințelor: mediana, cea mai slabă sau prima dintre ele.",
            en="You chose by something other than the mean of the seeds: their median, the worst or the first.",
            wrong=(
                picking(lambda v, t: np.where(np.isnan(v).any(2), -np.inf, np.median(v, axis=2)).argmax(axis=1)),
                picking(lambda v, t: np.where(np.isnan(v).any(2), -np.inf, v.min(axis=2)).argmax(axis=1)),
                picking(lambda v, t: np.where(np.isnan(v).any(2), -np.inf, v[:, :, 0]).argmax(axis=1)),
            ),
        ),
        Mistake(
            "worst",
            ro="Ai ales rata cea mai slabă: aici mai mare înseamnă mai bine.",
            en="You chose the worst rate: here larger is better.",
            wrong=(
                picking(lambda v, t: np.where(np.isnan(v).any(2), np.inf, v.mean(axis=2)).argmin(axis=1)),
                picking(lambda v, t: v.mean(axis=2).argmin(axis=1)),
                picking(lambda v, t: without_failures(v).argmin(axis=1)),
            ),
        ),
        Mistake(
            "validation-back",
            ro="Ai întors numerele de la validare. Ele au ales rata; se raportează cele de probă.",
            en="You returned the validation numbers. They chose the rate; it is the test numbers that are reported.",
            wrong=(
                lambda v, t: v[np.arange(len(v)), without_failures(v).argmax(axis=1)],
                lambda v, t: without_failures(v).max(axis=1),
            ),
        ),
        Mistake(
            "mean-back",
            ro="Ai făcut media semințelor de probă. Întoarce câte un număr pentru fiecare: de ele e nevoie la perechi.",
            en="You averaged the test seeds. Return a number for each: the pairs will need them.",
            wrong=lambda v, t: picking(lambda v, t: without_failures(v).argmax(axis=1))(v, t).mean(axis=1),
        ),
        Mistake(
            "place",
            ro="Ai întors locul ratei, nu răspunsurile de la ea.",
            en="You returned the place of the rate, not the answers at it.",
            wrong=lambda v, t: without_failures(v).argmax(axis=1),
        ),
        Mistake(
            "all-pairs",
            ro="`test[:, best]` ia ratele tuturor pentru fiecare. Ai nevoie de câte una: `test[i, best[i]]`.",
            en="`test[:, best]` takes everybody's rates for each arm. You need one each: `test[i, best[i]]`.",
            wrong=lambda v, t: t[:, without_failures(v).argmax(axis=1)],
        ),
    ),
)


# 3. The paired difference


def paired_difference(arm, control):
    from scipy import stats

    x = arm - control
    half = stats.t.ppf(0.975, len(x) - 1) * x.std(ddof=1) / np.sqrt(len(x))
    return np.array([x.mean(), x.mean() - half, x.mean() + half])


def pair_cases(rng: np.random.Generator) -> list[tuple]:
    fixed = [
        (np.array([0.6, 0.8]), np.array([0.5, 0.5])),
        (np.array([0.7, 0.5, 0.9]), np.array([0.4, 0.1, 0.8])),
        (np.array([2.0, 1.0, 4.0, 3.0]), np.array([1.0, 2.0, 2.0, 6.0])),
        (np.array([0.1, 0.2, 0.3]), np.array([0.6, 0.75, 0.8])),
    ]

    def case(n: int) -> tuple:
        common = rng.normal(size=n)  # what a seed does to both
        arm, control = ((common + 0.3 * rng.normal(size=n) + shift).round(2) for shift in (0.4, 0))
        return (arm, control) if np.ptp(arm - control) > 0.02 else case(n)  # of equal differences scipy says nan

    return fixed + [case(n) for n in (2, 3, 4, 5, 5, 8, 10, 10, 20)]


def interval(half: Callable, difference: Callable = lambda a, c: a - c) -> Callable:
    """Of a formula for half of the interval, in the differences and their number."""

    def formula(arm, control):
        x = difference(arm, control)
        h = half(x, len(x))
        return np.array([x.mean(), x.mean() - h, x.mean() + h])

    return formula


def t(level: float, df: int) -> float:
    from scipy import stats

    return stats.t.ppf(level, df)


def error(x: np.ndarray, n: int) -> float:
    return x.std(ddof=1) / np.sqrt(n)


def normal(level: float) -> float:
    from scipy import stats

    return stats.norm.ppf(level)


def unpaired(limit: Callable) -> Callable:
    def formula(arm, control):
        n, mean = len(arm), arm.mean() - control.mean()
        h = limit(n) * np.sqrt((arm.var(ddof=1) + control.var(ddof=1)) / n)
        return np.array([mean, mean - h, mean + h])

    return formula


PAIRED = Exercise(
    "13.paired",
    paired_difference,
    pair_cases,
    (
        Mistake(
            "unpaired",
            ro="Ai socotit împrăștierea fiecăruia în parte. Scade întâi sămânță cu sămânță: ce face o sămânță "
            "amândurora dispare.",
            en="You took the spread of each on its own. Subtract seed by seed first: what a seed does to both then "
            "cancels.",
            wrong=(unpaired(lambda n: t(0.975, 2 * n - 2)), unpaired(lambda n: t(0.975, n - 1)),
                   unpaired(lambda n: 1.96), unpaired(lambda n: 2)),
        ),
        Mistake(
            "normal",
            ro="Limita e a clopotului lui Gauss, 1,96 sau 2. La puține semințe trebuie a lui Student, cu n − 1 grade "
            "de libertate.",
            en="The limit is that of the bell curve, 1.96 or 2. With few seeds it has to be Student's, with n − 1 "
            "degrees of freedom.",
            wrong=(interval(lambda x, n: normal(0.975) * error(x, n)), interval(lambda x, n: 1.96 * error(x, n)),
                   interval(lambda x, n: 2 * error(x, n))),
        ),
        Mistake(
            "degrees",
            ro="Gradele de libertate sunt n − 1: media a luat deja una.",
            en="There are n − 1 degrees of freedom: the mean has taken one already.",
            wrong=(interval(lambda x, n: t(0.975, n) * error(x, n)),
                   interval(lambda x, n: t(0.975, 2 * n - 2) * error(x, n)),
                   interval(lambda x, n: t(0.975, n + 1) * error(x, n))),
        ),
        Mistake(
            "level",
            ro="Un interval de 95 % lasă câte 2,5 % de fiecare parte: limita e la 0,975.",
            en="A 95% interval leaves 2.5% on each side: the limit is at 0.975.",
            wrong=(interval(lambda x, n: t(0.95, n - 1) * error(x, n)),
                   interval(lambda x, n: t(0.995, n - 1) * error(x, n)),
                   interval(lambda x, n: t(0.9, n - 1) * error(x, n))),
        ),
        Mistake(
            "deviation",
            ro="Ai pus abaterea semințelor, nu eroarea mediei: lipsește împărțirea la radical din n.",
            en="You used the deviation of the seeds, not the error of the mean: the division by the square root of n "
            "is missing.",
            wrong=(interval(lambda x, n: t(0.975, n - 1) * x.std(ddof=1)),
                   interval(lambda x, n: t(0.975, n - 1) * x.std()), interval(lambda x, n: x.std(ddof=1)),
                   interval(lambda x, n: t(0.975, n - 1) * x.std(ddof=1) / n)),
        ),
        Mistake(
            "population",
            ro="`x.std()` împarte la n. Abaterea unor semințe trase la sorți se împarte la n − 1: `ddof=1`.",
            en="`x.std()` divides by n. The deviation of seeds that were drawn is divided by n − 1: `ddof=1`.",
            wrong=(interval(lambda x, n: t(0.975, n - 1) * x.std() / np.sqrt(n)),
                   interval(lambda x, n: 1.96 * x.std() / np.sqrt(n)),
                   interval(lambda x, n: t(0.975, n - 1) * x.std(ddof=1) / np.sqrt(n - 1))),
        ),
        Mistake(
            "one-error",
            ro="Ai pus o singură eroare a mediei de fiecare parte. Mai e de înmulțit cu limita lui Student.",
            en="You put one error of the mean on each side. It still has to be multiplied by Student's limit.",
            wrong=(interval(error), interval(lambda x, n: x.std() / np.sqrt(n))),
        ),
        Mistake(
            "variance",
            ro="Ai folosit varianța în locul abaterii standard: lipsește un radical.",
            en="You used the variance in place of the standard deviation: a square root is missing.",
            wrong=(interval(lambda x, n: t(0.975, n - 1) * x.var(ddof=1) / n),
                   interval(lambda x, n: t(0.975, n - 1) * x.var(ddof=1) / np.sqrt(n))),
        ),
        Mistake(
            "sign",
            ro="Diferența e răsturnată: varianta minus reperul.",
            en="The difference is turned round: the arm less the control.",
            wrong=lambda arm, control: paired_difference(control, arm),
        ),
        Mistake(
            "size",
            ro="Ai luat mărimea fiecărei diferențe. Semnul contează: o sămânță poate da câștig, alta pierdere.",
            en="You took the size of each difference. The sign matters: one seed may win and another lose.",
            wrong=interval(lambda x, n: t(0.975, n - 1) * error(x, n), lambda a, c: np.abs(a - c)),
        ),
        Mistake(
            "order",
            ro="Numerele sunt corecte, ordinea nu: diferența, marginea de jos, marginea de sus.",
            en="The numbers are right, their order is not: difference, low, high.",
            wrong=(lambda a, c: paired_difference(a, c)[[1, 0, 2]], lambda a, c: paired_difference(a, c)[[0, 2, 1]],
                   lambda a, c: paired_difference(a, c)[[1, 2, 0]]),
        ),
        Mistake(
            "two-numbers",
            ro="Trebuie trei numere: diferența, marginea de jos și marginea de sus ale intervalului.",
            en="Three numbers are expected: the difference, and the low and the high end of the interval.",
            wrong=(lambda a, c: paired_difference(a, c)[1:], lambda a, c: paired_difference(a, c)[0],
                   lambda a, c: paired_difference(a, c)[:2],
                   lambda a, c: np.array([(a - c).mean(), t(0.975, len(a) - 1) * error(a - c, len(a))])),
        ),
    ),
)


# 4. Holm


def holm(p):
    order = np.argsort(p)
    factors = np.arange(len(p), 0, -1)
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(1, np.maximum.accumulate(factors * p[order]))
    return corrected


def holm_cases(rng: np.random.Generator) -> list[tuple]:
    lists = [[0.03], [0.8], [0.04, 0.01], [0.03, 0.04], [0.7, 0.6], [0.01, 0.04, 0.03], [0.02, 0.021, 0.9],
             [0.04, 0.03, 0.02], [0.2, 0.05, 0.001, 0.04, 0.6], [0.5, 0.0001], [0.5, 0.9, 0.4],
             [0.01, 0.011, 0.012, 0.013], [0.3, 0.2, 0.4, 0.9], [1.0, 0.0], [0.02, 0.02]]  # fmt: skip
    return [(np.array(p),) for p in lists] + [(rng.uniform(0, 0.3, size=n).round(4),) for n in (2, 3, 3, 4, 5, 5, 5)]


def stepped(values: Callable) -> Callable:
    """The corrected values of sorted p's, put back in the order they came in."""

    def formula(p):
        order = np.argsort(p)
        corrected = np.empty(len(p))
        corrected[order] = values(p[order], len(p))
        return corrected

    return formula


def down(n):
    return np.arange(n, 0, -1)


def upwards(values):
    """None above one after it, and none above 1."""
    return np.minimum(1, np.minimum.accumulate(values[::-1])[::-1])


HOLM = Exercise(
    "13.holm",
    holm,
    holm_cases,
    (
        Mistake(
            "bonferroni",
            ro="Ai înmulțit fiecare p cu numărul tuturor comparațiilor: aceea e corecția lui Bonferroni. La Holm cel "
            "mai mic se înmulțește cu n, următorul cu n − 1 și tot așa.",
            en="You multiplied every p by the number of all comparisons: that is Bonferroni's correction. Holm "
            "multiplies the smallest by n, the next by n − 1, and so on.",
            wrong=(lambda p: np.minimum(1, len(p) * p), lambda p: len(p) * p),
        ),
        Mistake(
            "not-capped",
            ro="O probabilitate nu trece de 1: oprește-o acolo.",
            en="A probability is never above 1: stop it there.",
            wrong=stepped(lambda p, n: np.maximum.accumulate(down(n) * p)),
        ),
        Mistake(
            "not-monotone",
            ro="Un p mai mare a ieșit, după corecție, mai mic decât unul dinaintea lui. Ține maximul de până acolo.",
            en="A larger p came out, once corrected, below one before it. Keep the largest so far.",
            wrong=(stepped(lambda p, n: np.minimum(1, down(n) * p)), stepped(lambda p, n: down(n) * p)),
        ),
        Mistake(
            "sorted",
            ro="Valorile sunt corecte, dar în ordinea mărimii. Pune-le înapoi în ordinea în care au venit.",
            en="The values are right, but in order of size. Put them back in the order in which they came.",
            wrong=(lambda p: np.sort(holm(p)), lambda p: holm(p)[np.argsort(p)[::-1]],
                   lambda p: np.sort(holm(p))[np.argsort(p)]),
        ),
        Mistake(
            "unsorted",
            ro="Factorii n, n − 1, … merg după mărimea lui p, nu după locul lui în listă.",
            en="The factors n, n − 1, … go by the size of p, not by its place in the list.",
            wrong=(lambda p: np.minimum(1, np.maximum.accumulate(down(len(p)) * p)),
                   lambda p: np.minimum(1, down(len(p)) * p)),
        ),
        Mistake(
            "turned",
            ro="Factorii sunt răsturnați: cel mai mic p se înmulțește cu n, cel mai mare cu 1.",
            en="The factors are turned round: the smallest p is multiplied by n, the largest by 1.",
            wrong=(stepped(lambda p, n: np.minimum(1, np.maximum.accumulate(down(n)[::-1] * p))),
                   stepped(lambda p, n: np.minimum(1, down(n)[::-1] * p)),
                   stepped(lambda p, n: np.minimum(1, np.maximum.accumulate(down(n) * p[::-1]))[::-1])),
        ),
        Mistake(
            "divides",
            ro="Ai mers pe drumul lui Benjamini și Hochberg, care împarte la rang și ține în frâu altă greșeală. Holm "
            "înmulțește cu câte au rămas.",
            en="You took the road of Benjamini and Hochberg, who divide by the rank and hold another error in check. "
            "Holm multiplies by how many are left.",
            wrong=(stepped(lambda p, n: upwards(n * p / np.arange(1, n + 1))),
                   stepped(lambda p, n: np.minimum(1, n * p / np.arange(1, n + 1))),
                   stepped(lambda p, n: p / down(n)), lambda p: p / len(p)),
        ),
        Mistake(
            "hochberg",
            ro="Ai mers de la cel mai mare p în jos, cu minimul: acela e pasul lui Hochberg. Holm merge de la cel mai "
            "mic în sus, cu maximul.",
            en="You went from the largest p down, with the minimum: that is Hochberg's step. Holm goes from the "
            "smallest up, with the maximum.",
            wrong=stepped(lambda p, n: upwards(down(n) * p)),
        ),
        Mistake(
            "off-by-one",
            ro="Factorii sunt deplasați cu unu: primul e n, ultimul e 1.",
            en="The factors are shifted by one: the first is n, the last is 1.",
            wrong=(stepped(lambda p, n: np.minimum(1, np.maximum.accumulate((down(n) - 1) * p))),
                   stepped(lambda p, n: np.minimum(1, np.maximum.accumulate((down(n) + 1) * p)))),
        ),
        Mistake(
            "sidak",
            ro="Ai înlocuit înmulțirea cu formula lui Šidák, 1 − (1 − p)ⁿ. La Holm, p se înmulțește.",
            en="You replaced the product by Šidák's formula, 1 − (1 − p)ⁿ. Holm multiplies p.",
            wrong=(lambda p: 1 - (1 - p) ** len(p),
                   stepped(lambda p, n: np.maximum.accumulate(1 - (1 - p) ** down(n)))),
        ),
        Mistake(
            "verdicts",
            ro="Ai întors verdicte, da sau nu. Întoarce valorile p corectate; comparația cu 0,05 vine după.",
            en="You returned verdicts, yes or no. Return the corrected p-values; the comparison with 0.05 comes later.",
            wrong=(lambda p: (holm(p) < 0.05).astype(float), lambda p: (holm(p) <= 0.05).astype(int)),
        ),
    ),
)


EXERCISES = LAMBDA, RATES, PAIRED, HOLM
