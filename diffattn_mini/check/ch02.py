"""Chapter 2: softmax."""

from collections.abc import Callable

import numpy as np

from ..attention.softmax import log_softmax, softmax
from .engine import Exercise, Trial
from .mistakes import Mistake
from .signs import fails_only


def naive(x, axis=-1, extra=0.0):
    return np.exp(x) / (np.exp(x).sum(axis=axis, keepdims=True) + extra)


# 1. Stable softmax


def stable_softmax(x):
    return softmax(x)


def stable_cases(rng: np.random.Generator) -> list[tuple]:
    small = [[0], [1000], [0, 0], [2, -1], [1000, 0], [1000, 1001], [-1000, -1001], [-1000, 1000], [500, 500, 500],
             [-1000], [1000, 999, 998, -1000], [1000.3, 1000.0, 1000.7]]  # fmt: skip
    cases = [np.array(x, dtype=float) for x in small]
    drawn = [rng.normal(scale=scale, size=n).round(1) for n in (2, 3, 4, 5, 8) for scale in (1, 3, 1000)]
    cases += [x + 0.5 if abs(x.sum()) < 0.05 else x for x in drawn]  # a sum that is 0 but for rounding tells nothing
    return [(x,) for x in [*cases, rng.normal(size=100).round(1), rng.normal(scale=1e4, size=100).round(1)]]


OVERFLOW = Mistake(
    "overflow",
    ro="La scoruri mari exponențiala depășește ce încape într-un `float64`. Contează doar diferențele dintre scoruri: "
    "scade ceva din toate, înainte de exponențială.",
    en="At large scores the exponential exceeds what a `float64` can hold. Only differences between scores matter: "
    "subtract something from all of them before the exponential.",
    wrong=(naive, lambda *args: naive(*args, extra=1e-12)),
)

STABLE = Exercise(
    "02.stable-softmax",
    stable_softmax,
    stable_cases,
    (
        OVERFLOW,
        Mistake(
            "wrong-shift",
            ro="Bine că scazi ceva, dar nu orice număr ajută: după scădere, cel mai mare exponent trebuie să fie 0.",
            en="Subtracting is right, but not every number helps: after it, the largest exponent must be 0.",
            wrong=(
                lambda x: naive(x - x.min()),
                lambda x: naive(x - x.mean()),
                lambda x: naive(x - np.abs(x).max()),
                lambda x: naive(x - np.median(x)),
                lambda x: naive(x - x[0]),
                lambda x: naive(x - x.sum()),
                lambda x: naive(x - x[-1]),
                lambda x: naive(x - 1000),
                lambda x: naive(x - 700),
            ),
        ),
        Mistake(
            "divided-scores",
            ro="Împărțirea scorurilor schimbă diferențele dintre ele, deci și ponderile. Scade, nu împărți.",
            en="Dividing the scores changes the differences between them, hence the weights. Subtract, do not divide.",
            wrong=(
                lambda x: naive(x / x.max()),
                lambda x: naive(x / np.abs(x).max()),
                lambda x: naive(x / np.linalg.norm(x)),
                lambda x: naive(x / x.sum()),
                lambda x: naive((x - x.mean()) / x.std()),
                lambda x: naive((x - x.min()) / (x.max() - x.min())),
                lambda x: softmax(x / np.sqrt(len(x))),
            ),
        ),
        Mistake(
            "clipped",
            ro="Dacă tai scorurile la o limită, scoruri diferite ajung egale. Scade maximul și nu mai ai nimic de "
            "tăiat.",
            en="Clipping at a limit makes different scores equal. Subtract the maximum, and there is nothing left to "
            "clip.",
            wrong=tuple(
                lambda x, low=low, high=high: naive(np.clip(x, low, high))
                for high in (10, 20, 30, 50, 80, 88, 100, 300, 500, 600, 700, 709)
                for low in (-high, -np.inf)
            ),
        ),
        Mistake(
            "one-sided-shift",
            ro="Ai scăzut doar deasupra sau doar dedesubtul fracției. Factorul se simplifică numai dacă apare și "
            "sus, și jos.",
            en="You subtracted only above or only below the fraction. The factor cancels only if it appears both "
            "above and below.",
            wrong=(lambda x: np.exp(x - x.max()) / np.exp(x).sum(), lambda x: np.exp(x) / np.exp(x - x.max()).sum()),
        ),
        Mistake(
            "hidden-nan",
            ro="Ai ascuns `nan` în loc să îl eviți; în locul lui stă acum un număr greșit. Ai grijă ca exponentul să "
            "nu fie uriaș.",
            en="You hid the `nan` instead of avoiding it; a wrong number now stands in its place. Keep the exponent "
            "from being huge.",
            wrong=(
                lambda x: np.nan_to_num(naive(x)),
                lambda x: np.nan_to_num(naive(x), nan=1.0),
                lambda x: np.nan_to_num(naive(x), nan=1 / len(x)),
                lambda x: np.nan_to_num(np.exp(x)) / np.nan_to_num(np.exp(x)).sum(),
            ),
        ),
        Mistake(
            "not-divided",
            ro="Exponențialele nu fac împreună unu. Mai ai de împărțit la suma lor.",
            en="The exponentials do not add up to one. They are still to be divided by their sum.",
            wrong=(lambda x: np.exp(x - x.max()), np.exp),
        ),
        Mistake(
            "wrong-divisor",
            ro="Ai împărțit la altceva decât suma exponențialelor. Împreună, ponderile trebuie să facă unu.",
            en="You divided by something other than the sum of the exponentials. The weights must add up to one.",
            wrong=(
                lambda x: np.exp(x - x.max()) / np.exp(x - x.max()).mean(),
                lambda x: np.exp(x - x.max()) / len(x),
                lambda x: np.exp(x - x.max()) / np.linalg.norm(np.exp(x - x.max())),
                lambda x: np.exp(x - x.max()) / (x - x.max()).sum(),
                lambda x: np.exp(x - x.max()) / x.sum(),
                lambda x: np.exp(x - x.max()) / (1 + np.exp(x - x.max()).sum()),
            ),
        ),
        Mistake(
            "no-exponential",
            ro="Lipsește exponențiala: împărțite direct, scorurile negative ar da ponderi negative.",
            en="The exponential is missing: shared out directly, negative scores would give negative weights.",
            wrong=(
                lambda x: x / x.sum(),
                lambda x: (x - x.max()) / (x - x.max()).sum(),
                lambda x: (x - x.min()) / (x - x.min()).sum(),
                lambda x: np.abs(x) / np.abs(x).sum(),
                lambda x: x**2 / (x**2).sum(),
            ),
        ),
        Mistake(
            "sign",
            ro="Ai inversat semnul: scorul cel mai mic a primit ponderea cea mai mare.",
            en="The sign is reversed: the smallest score got the largest weight.",
            wrong=(lambda x: softmax(-x), lambda x: naive(x.max() - x)),
        ),
        Mistake(
            "logarithm",
            ro="Acesta e logaritmul ponderilor. Aici se cer ponderile.",
            en="This is the logarithm of the weights. The weights themselves are asked for.",
            wrong=(log_softmax, lambda x: np.log(naive(x))),
        ),
        Mistake(
            "argmax",
            ro="Ai dat totul celui mai mare scor. Softmax împarte: și celelalte scoruri primesc ceva.",
            en="You gave everything to the largest score. Softmax shares: the other scores get something too.",
            wrong=(lambda x: (x == x.max()) / (x == x.max()).sum(), lambda x: np.eye(len(x))[x.argmax()],
                   lambda x: (x == x.max()) * 1.0),
        ),
        Mistake(
            "each-alone",
            ro="Ai trecut fiecare scor separat printr-o funcție. Ponderea unui scor depinde și de celelalte.",
            en="You passed each score through a function on its own. A score's weight depends on the others too.",
            wrong=(lambda x: 1 / (1 + np.exp(-x)), np.tanh, lambda x: 1 / (1 + np.exp(-(x - x.max())))),
        ),
        Mistake(
            "base",
            ro="Baza nu e cea potrivită: softmax ridică la putere numărul `e`, cu `np.exp`.",
            en="The base is not the right one: softmax raises the number `e` to a power, with `np.exp`.",
            wrong=(lambda x: softmax(x * np.log(2)), lambda x: softmax(x * np.log(10)), lambda x: 2**x / (2**x).sum(),
                   lambda x: 10**x / (10**x).sum()),
        ),
        Mistake(
            "sorted",
            ro="Ponderile sunt corecte, dar și-au schimbat locul. Fiecare trebuie să stea pe poziția scorului ei.",
            en="The weights are right but have changed places. Each must stand where its score stands.",
            wrong=(lambda x: np.sort(softmax(x)), lambda x: np.sort(softmax(x))[::-1]),
        ),
    ),
)


# 2. Softmax along any axis


def softmax_axis(x, axis):
    return softmax(x, axis)


def axis_cases(rng: np.random.Generator) -> list[tuple]:
    far = np.array([[1000.0, 999.0], [-1000.0, -1002.0]])  # one slice a long way above the other
    cases = [(np.array([2.0]), 0), (np.array([0.0, 1.0]), 0), (np.array([0.0, 1.0, 3.0]), -1)]
    shapes = [(2, 2), (1, 3), (2, 3), (3, 2), (3, 3), (2, 3, 4), (2, 2, 2), (2, 1, 3, 2)]
    for shape in shapes:
        cases += [(rng.normal(size=shape).round(1), axis) for axis in range(-len(shape), len(shape))]
    cases += [(far, 1), (far, -1), (far.T, 0), (far.T, -2), (rng.normal(scale=1000, size=(4, 5)).round(), 0)]
    deep = np.arange(16.0).reshape(2, 1, 2, 2, 2) ** 1.5 % 3
    return [*cases, *((np.stack([far, far.T]), axis) for axis in (1, -1)), (deep, 2), (deep, -4)]


AXIS = Exercise(
    "02.softmax-axis",
    softmax_axis,
    axis_cases,
    (
        OVERFLOW,
        Mistake(
            "fixed-axis",
            ro="Împarți mereu pe aceeași axă, oricare ar fi `axis`. Dă-l mai departe la `max` și la `sum`.",
            en="You always share out along the same axis, whatever `axis` is. Pass it on to `max` and to `sum`.",
            wrong=(
                lambda x, axis: softmax(x, -1),
                lambda x, axis: softmax(x, 0),
                lambda x, axis: naive(x, -1),
                lambda x, axis: naive(x, 0),
                lambda x, axis: softmax(x, 1),
            ),
        ),
        Mistake(
            "whole-array",
            ro="Ai împărțit la suma întregului tablou. Fiecare felie de-a lungul axei trebuie să facă singură unu.",
            en="You divided by the sum of the whole array. Each slice along the axis must add up to one on its own.",
            wrong=(
                lambda x, axis: np.exp(x - x.max()) / np.exp(x - x.max()).sum(),
                lambda x, axis: np.exp(x) / np.exp(x).sum(),
                lambda x, axis: (lambda e: e / e.sum())(np.exp(x - x.max(axis=axis, keepdims=True))),
                lambda x, axis: softmax(x.ravel()),
            ),
        ),
        Mistake(
            "global-max",
            ro="Ai scăzut maximul întregului tablou. O felie aflată mult sub el se stinge toată: 0/0. Fiecare felie "
            "are maximul ei.",
            en="You subtracted the maximum of the whole array. A slice far below it dies out: 0/0. Each slice has "
            "its own maximum.",
            wrong=lambda x, axis: naive(x - x.max(), axis),
        ),
        Mistake(
            "keepdims",
            ro="După `max` sau `sum` axa a dispărut, iar numpy aliniază altfel rezultatul. `keepdims=True` o "
            "păstrează, cu lungimea 1.",
            en="After `max` or `sum` the axis is gone, and numpy lines the result up differently. `keepdims=True` "
            "keeps it, with length 1.",
            wrong=(
                lambda x, axis: (lambda e: e / e.sum(axis))(np.exp(x - x.max(axis))),
                lambda x, axis: (lambda e: e / e.sum(axis))(np.exp(x - x.max(axis, keepdims=True))),
                lambda x, axis: naive(x - x.max(axis), axis),
                lambda x, axis: (lambda e: e / e.sum(axis))(np.exp(x - x.max())),
                lambda x, axis: np.exp(x) / np.exp(x).sum(axis),
            ),
        ),
        Mistake(
            "other-axis",
            ro="Ai împărțit pe o axă vecină. Numără: axa 0 merge în jos pe coloane, ultima merge de-a lungul "
            "rândurilor.",
            en="You shared out along a neighbouring axis. Count: axis 0 runs down the columns, the last one along "
            "the rows.",
            wrong=(
                lambda x, axis: softmax(x, 1 - axis),
                lambda x, axis: softmax(x, axis - 1),
                lambda x, axis: softmax(x, axis + 1),
                lambda x, axis: softmax(x, -axis),
                lambda x, axis: softmax(x, x.ndim - 1 - axis),
                lambda x, axis: softmax(x, -1 - axis),
                lambda x, axis: softmax(x, (axis + 1) % x.ndim),
            ),
        ),
        Mistake(
            "two-axes",
            ro="`max` și `sum` lucrează pe axe diferite. Amândouă trebuie să meargă de-a lungul lui `axis`.",
            en="`max` and `sum` work along different axes. Both must run along `axis`.",
            wrong=(
                lambda x, axis: naive(x - x.max(axis, keepdims=True), -1),
                lambda x, axis: naive(x - x.max(axis, keepdims=True), 0),
                lambda x, axis: naive(x - x.max(-1, keepdims=True), axis),
                lambda x, axis: naive(x - x.max(0, keepdims=True), axis),
            ),
        ),
        Mistake(
            "not-moved-back",
            ro="Ai mutat axa și ai uitat-o acolo. După împărțire, mută-o înapoi la locul ei.",
            en="You moved the axis and left it there. After sharing out, move it back to its place.",
            wrong=(
                lambda x, axis: softmax(np.moveaxis(x, axis, -1)),
                lambda x, axis: softmax(np.swapaxes(x, axis, -1)),
                lambda x, axis: softmax(np.moveaxis(x, axis, 0), 0),
                lambda x, axis: softmax(np.swapaxes(x, axis, 0), 0),
                lambda x, axis: softmax(np.swapaxes(x, axis, 0), 0).T,
            ),
        ),
        Mistake(
            "negative-axis",
            ro="Greșești doar când axa e negativă. −1 înseamnă ultima axă: `axis % x.ndim` o numără de la început.",
            en="You are wrong only when the axis is negative. −1 means the last axis: `axis % x.ndim` counts it from "
            "the start.",
            when=lambda trials: fails_only(trials, lambda t: t.args[1] < 0),
        ),
        Mistake(
            "few-axes",
            ro="Greșești doar la tablouri cu mai mult de două axe. Scrie codul fără să numeri axele: `max` și `sum` "
            "primesc `axis`.",
            en="You are wrong only for arrays of more than two axes. Write it without counting axes: `max` and `sum` "
            "take `axis`.",
            when=lambda trials: all(t.args[0].ndim > 2 for t in trials if not t.passed),
        ),
        Mistake(
            "no-exponential",
            ro="Lipsește exponențiala: împărțite direct, scorurile negative ar da ponderi negative.",
            en="The exponential is missing: shared out directly, negative scores would give negative weights.",
            wrong=(
                lambda x, axis: x / x.sum(axis, keepdims=True),
                lambda x, axis: (lambda y: y / y.sum(axis, keepdims=True))(x - x.max(axis, keepdims=True)),
            ),
        ),
        Mistake(
            "one-sided-shift",
            ro="Ai scăzut maximul doar deasupra sau doar dedesubtul fracției. Factorul se simplifică numai dacă apare "
            "și sus, și jos.",
            en="You subtracted the maximum only above or only below the fraction. The factor cancels only if it "
            "appears both above and below.",
            wrong=(
                lambda x, axis: np.exp(x - x.max(axis, keepdims=True)) / np.exp(x).sum(axis, keepdims=True),
                lambda x, axis: np.exp(x) / np.exp(x - x.max(axis, keepdims=True)).sum(axis, keepdims=True),
            ),
        ),
        Mistake(
            "not-divided",
            ro="Exponențialele nu fac împreună unu. Mai ai de împărțit la suma lor de-a lungul axei.",
            en="The exponentials do not add up to one. They are still to be divided by their sum along the axis.",
            wrong=(lambda x, axis: np.exp(x - x.max(axis, keepdims=True)), lambda x, axis: np.exp(x)),
        ),
        Mistake(
            "logarithm",
            ro="Acesta e logaritmul ponderilor. Aici se cer ponderile.",
            en="This is the logarithm of the weights. The weights themselves are asked for.",
            wrong=log_softmax,
        ),
        Mistake(
            "wrong-shift",
            ro="Nu orice număr ajută: după scădere, cel mai mare exponent din fiecare felie trebuie să fie 0.",
            en="Not every number helps: after subtracting, the largest exponent of each slice must be 0.",
            wrong=(
                lambda x, axis: naive(x - x.mean(axis, keepdims=True), axis),
                lambda x, axis: naive(x - x.min(axis, keepdims=True), axis),
            ),
        ),
    ),
)


# 3. The temperature for a wanted largest weight


def temperature_for_peak(scores, peak):
    gaps = scores.max() - scores
    return search(lambda T: 1 / np.exp(-gaps / T).sum(), peak)


def search(weight: Callable, peak: float) -> float:
    low, high = 1e-8, 1e8  # the largest weight falls as T grows: halve the interval, on the scale of factors
    for _ in range(60):
        middle = np.sqrt(low * high)
        low, high = (middle, high) if weight(middle) > peak else (low, middle)
    return middle


def peak_cases(rng: np.random.Generator) -> list[tuple]:
    fixed = [([1, 0], 0.7), ([0, 1], 0.9), ([-2, 1], 0.6), ([2, 0, 0, 0], 0.8), ([-3, -1, -2], 0.5), ([-5, -9], 0.99),
             ([5000, 5001, 5000], 0.5), ([0, 3000, 1000], 0.6), ([0.001, 0, 0.002], 0.7)]  # fmt: skip
    # Both ends of what the text promises: temperatures near 1e-5 and 1e5, peaks near 1 / n and near 1.
    fixed += [([2e-5, 0], 0.85), ([1e-5, 3e-5, 0], 0.8), ([0, 1e5], 0.75), ([0, 2e5, 1e5, 0], 0.7),
              ([3, 1, 0, -1], 0.2505), ([0, 1, -1], 0.9995)]  # fmt: skip
    cases = [(np.array(scores, dtype=float), peak) for scores, peak in fixed]
    for n in (3, 4, 5, 8, 20):
        for scale in (0.1, 1, 30):
            scores = (scale * rng.normal(size=n)).round(2)
            scores[rng.integers(n)] = scores.max() + scale  # one score is alone on top
            cases.append((scores, float(np.round(rng.uniform(1 / n + 0.05, 0.98), 2))))
    return cases


def largest_weight(scores, peak, T):
    with np.errstate(all="ignore"):
        return np.asarray(softmax(scores / T).max() if T > 0 and np.isfinite(T) else np.nan)


def fails_at_the_ends(trials: list[Trial]) -> bool:
    """Right inside some interval of temperatures; where the right one lies outside, the answer stays at the near "
    "end."""
    wanted = {id(t): temperature_for_peak(*t.args) for t in trials}
    inside, outside = [wanted[id(t)] for t in trials if t.passed], [t for t in trials if not t.passed]
    if len(inside) < 3 or not all(_is_number(t) for t in outside):
        return False
    for side, end in ((1, max(inside)), (-1, min(inside))):
        beyond = [t for t in outside if side * (wanted[id(t)] - end) > 0]
        stays = np.array([t.outcome.value.item() for t in beyond])
        if not np.allclose(stays, stays.mean() if beyond else 0, rtol=0.01, atol=0):
            return False
        if any(side * (wanted[id(t)] - value) <= 0 for t, value in zip(beyond, stays, strict=True)):
            return False
    return not any(min(inside) <= wanted[id(t)] <= max(inside) for t in outside)


TEMPERATURE = Exercise(
    "02.temperature-for-peak",
    temperature_for_peak,
    peak_cases,
    (
        Mistake(
            "inverse",
            ro="Ai găsit numărul cu care se înmulțesc scorurile. Temperatura e cea la care se împart: inversul lui.",
            en="You found the number by which the scores are multiplied. They are divided by the temperature: its "
            "inverse.",
            wrong=lambda scores, peak: 1 / temperature_for_peak(scores, peak),
        ),
        Mistake(
            "two-scores",
            ro="Formula ta e corectă pentru două scoruri. La mai multe, fiecare își ia partea lui și formulă nu mai "
            "există: caută.",
            en="Your formula holds for two scores. With more, each asks for its share, and there is no formula: "
            "search.",
            wrong=(
                lambda s, p: (np.sort(s)[-1] - np.sort(s)[-2]) / np.log(p / (1 - p)),
                lambda s, p: (s.max() - s.min()) / np.log(p / (1 - p)),
                lambda s, p: (s.max() - s.mean()) / np.log(p / (1 - p)),
                lambda s, p: (s.max() - np.median(s)) / np.log(p / (1 - p)),
                lambda s, p: (s[0] - s[1]) / np.log(p / (1 - p)),
                lambda s, p: abs(s[0] - s[1]) / np.log(p / (1 - p)),
            ),
            when=lambda trials: fails_only(trials, lambda t: len(t.args[0]) > 2),
        ),
        Mistake(
            "logarithm",
            ro="Acesta e logaritmul temperaturii. Dacă ai căutat pe scara logaritmică, întoarce-te de pe ea la "
            "sfârșit.",
            en="This is the logarithm of the temperature. If you searched on the scale of logarithms, come back from "
            "it at the end.",
            wrong=(lambda s, p: np.log(temperature_for_peak(s, p)), lambda s, p: np.log10(temperature_for_peak(s, p))),
        ),
        Mistake(
            "equal-others",
            ro="Formula ta cere ca toate celelalte scoruri să fie egale între ele. În general nu sunt: caută "
            "temperatura.",
            en="Your formula needs all the other scores to be equal. In general they are not: search for the "
            "temperature.",
            wrong=tuple(
                lambda s, p, other=other: (s.max() - other(np.sort(s)[:-1])) / np.log(p * (len(s) - 1) / (1 - p))
                for other in (np.mean, np.max, np.min, np.median)
            )
            + (lambda s, p: (s.max() - s.mean()) / np.log(p * (len(s) - 1) / (1 - p)),),
        ),
        Mistake(
            "not-largest",
            ro="Te uiți la ponderea de pe o poziție fixă. Cea mai mare poate fi oriunde: `max`.",
            en="You look at the weight of a fixed position. The largest may stand anywhere: `max`.",
            wrong=(
                lambda s, p: search(lambda T: softmax(s / T)[0], p),
                lambda s, p: search(lambda T: softmax(s / T)[-1], p),
            ),
            when=lambda trials: fails_only(trials, lambda t: t.args[0].argmax() != 0)
            or fails_only(trials, lambda t: t.args[0].argmax() != len(t.args[0]) - 1),
        ),
        Mistake(
            "returns-weight",
            ro="Ai întors o pondere. Se cere temperatura la care ponderea aceea apare.",
            en="You returned a weight. What is asked for is the temperature at which that weight appears.",
            wrong=(lambda s, p: p, lambda s, p: softmax(s).max(), lambda s, p: 1 - p),
        ),
        Mistake(
            "no-search",
            ro="Nicio formulă nu ține locul căutării. Încearcă un τ, vezi ce pondere iese și mută-l unde trebuie.",
            en="No formula stands in for the search. Try a τ, see which weight comes out, move it the right way.",
            wrong=(
                lambda s, p: 1 / p,
                lambda s, p: -np.log(p),
                lambda s, p: -1 / np.log(p),
                lambda s, p: s.max() / p,
                lambda s, p: s.max() / np.log(p),
                lambda s, p: s.max() - np.log(p),
                lambda s, p: softmax(s).max() / p,
                lambda s, p: np.log(p) / s.max(),
                lambda s, p: -s.max() / np.log(p),
                lambda s, p: 1.0,
            ),
        ),
        Mistake(
            "overflow",
            ro="La temperaturi mici exponențiala depășește, iar comparația cu `nan` abate căutarea. Folosește un "
            "softmax stabil.",
            en="At low temperatures the exponential overflows, and comparing with `nan` misleads the search. Use a "
            "stable softmax.",
            when=lambda trials: all(_overflowed(t) for t in trials if not t.passed),
        ),
        Mistake(
            "not-positive",
            ro="Temperatura trebuie să fie un număr pozitiv.",
            en="The temperature must be a positive number.",
            when=lambda trials: all(_not_positive(t) for t in trials if not t.passed),
        ),
        Mistake(
            "wrong-direction",
            ro="Căutarea fuge la un capăt. Când τ crește, ponderea cea mai mare scade: vezi pe care capăt al "
            "intervalului îl muți.",
            en="The search runs to one end. As τ grows, the largest weight falls: see which end of the interval you "
            "move.",
            when=lambda trials: sum(map(_at_an_end, trials)) > 0.8 * len(trials),
        ),
        Mistake(
            "narrow-range",
            ro="Temperatura căutată nu e în intervalul tău. Ea poate fi oriunde între `1e-5` și `1e5`: lărgește-l și "
            "caută după câte ori, nu după cât.",
            en="The wanted temperature is not in your interval. It may be anywhere from `1e-5` to `1e5`: widen it, "
            "and search by factors, not by amounts.",
            when=fails_at_the_ends,
        ),
        Mistake(
            "coarse",
            ro="Ești aproape: ponderea se potrivește doar la a doua sau a treia zecimală. Caută mai fin: "
            "înjumătățește intervalul de mai multe ori.",
            en="You are close: the weight agrees only to the second or third decimal. Search finer: halve the "
            "interval more times.",
            when=lambda trials: all(_is_number(t) and abs(t.got - t.expected) < 0.05 for t in trials),
        ),
    ),
    tolerance=1e-4,
    measure=largest_weight,
    measured=("ponderea cea mai mare", "largest weight"),
)


def _is_number(t: Trial) -> bool:
    return t.outcome.value is not None and t.outcome.value.size == 1


def _at_an_end(t: Trial) -> bool:
    """Did the answer settle where the largest weight is nearly 1, or nearly that of an equal split?"""
    if t.passed or not _is_number(t):
        return False
    return bool(np.isnan(t.got) or t.got > 0.999 or t.got < 1 / len(t.args[0]) + 0.005)


def _overflowed(t: Trial) -> bool:
    return t.outcome.overflowed or isinstance(t.outcome.error, OverflowError)


def _not_positive(t: Trial) -> bool:
    return _is_number(t) and not t.outcome.value.item() > 0


# 4. The Jacobian-vector product


def softmax_jvp(x, v):
    p = softmax(x)
    return p * (v - p @ v)


def jvp_cases(rng: np.random.Generator) -> list[tuple]:
    fixed = [([0], [1]), ([0, 0], [1, 0]), ([0, 0], [1, 1]), ([1, 0], [0, 2]), ([1000, 1000], [1, -1]),
             ([1000, 1001, 0], [1, 2, 3]), ([-1000, -1000], [0, 4]), ([0, 1, 2], [100, -50, 30]),
             ([300.3, 300.9, 299.7], [1, 2, -1])]  # fmt: skip
    cases = [(np.array(x, dtype=float), np.array(v, dtype=float)) for x, v in fixed]
    for n in (2, 3, 3, 4, 5, 8, 8, 40, 200):
        for scale in (1, 10):
            cases.append((rng.normal(size=n).round(1), (scale * rng.normal(size=n)).round(1)))
    return cases


def weighted(formula: Callable) -> Callable:
    """A formula in the weights and v, as a function of the scores and v."""
    return lambda x, v: formula(softmax(x), v)


JVP = Exercise(
    "02.jvp",
    softmax_jvp,
    jvp_cases,
    (
        Mistake(
            "overflow",
            ro="Ponderile ies `nan` la scoruri mari. Folosește un softmax stabil, cel din exercițiul 1.",
            en="The weights come out as `nan` at large scores. Use a stable softmax, the one of exercise 1.",
            wrong=lambda x, v: naive(x) * (v - naive(x) @ v),
        ),
        Mistake(
            "diagonal-only",
            ro="Ai păstrat doar diagonala jacobianului. Când un scor se mișcă, se mișcă și ponderile celorlalte.",
            en="You kept only the diagonal of the Jacobian. When one score moves, the others' weights move too.",
            wrong=weighted(lambda p, v: p * (1 - p) * v),
        ),
        Mistake(
            "missing-term",
            ro="Lipsește un termen: jacobianul e diagonala cu ponderile minus produsele ponderilor, luate două câte "
            "două.",
            en="A term is missing: the Jacobian is the diagonal of the weights minus the products of weights, taken "
            "two by two.",
            wrong=(
                weighted(lambda p, v: p * v),
                weighted(lambda p, v: -p * (p @ v)),
                weighted(lambda p, v: p * (p @ v)),
            ),
        ),
        Mistake(
            "plain-mean",
            ro="Ai scăzut media simplă sau suma lui `v`. Media trebuie luată cu ponderile: p · v.",
            en="You subtracted the plain mean or the sum of `v`. The mean must be taken with the weights: p · v.",
            wrong=(weighted(lambda p, v: p * (v - v.mean())), weighted(lambda p, v: p * (v - v.sum()))),
        ),
        Mistake(
            "no-outer-weight",
            ro="`v` minus media lui e un început bun. Mai e de înmulțit, pe fiecare poziție, cu ponderea.",
            en="`v` minus its mean is a good start. Multiply by the weight at each position.",
            wrong=weighted(lambda p, v: v - p @ v),
        ),
        Mistake(
            "sign",
            ro="Semnul e invers sau minusul a devenit plus: ponderea crește acolo unde `v` e peste medie.",
            en="The sign is reversed, or the minus became a plus: a weight grows where `v` is above the mean.",
            wrong=(weighted(lambda p, v: p * (p @ v - v)), weighted(lambda p, v: p * (v + p @ v))),
        ),
        Mistake(
            "whole-matrix",
            ro="Ai întors matricea. Se cere produsul ei cu `v`, un vector, și se poate fără să o construiești.",
            en="You returned the matrix. Its product with `v` is asked for, a vector, and you need not build the "
            "matrix.",
            wrong=(
                weighted(lambda p, v: np.diag(p) - np.outer(p, p)),
                weighted(lambda p, v: (np.diag(p) - np.outer(p, p)) * v),
            ),
        ),
        Mistake(
            "scalar",
            ro="Ai întors un singur număr. Rezultatul are câte un număr pentru fiecare scor.",
            en="You returned a single number. The result has one number for each score.",
            wrong=(weighted(lambda p, v: p @ v), weighted(lambda p, v: (p * (v - p @ v)).sum()),
                   weighted(lambda p, v: (p * (1 - p)) @ v)),
        ),
        Mistake(
            "elementwise",
            ro="p · v e un singur număr, produsul scalar, nu produsul pe poziții.",
            en="p · v is a single number, the dot product, not the product position by position.",
            wrong=(weighted(lambda p, v: p * (v - p * v.sum())), weighted(lambda p, v: p - p * v),
                   weighted(lambda p, v: p * v - (p * v) ** 2), weighted(lambda p, v: p * v * (1 - p * v))),
        ),
        Mistake(
            "scores-not-weights",
            ro="Ai folosit scorurile în locul ponderilor. Trece întâi `x` prin softmax.",
            en="You used the scores in place of the weights. Pass `x` through softmax first.",
            wrong=(
                lambda x, v: x * (v - x @ v),
                lambda x, v: softmax(x) * (v - x @ v),
                lambda x, v: x * (v - softmax(x) @ v),
                lambda x, v: (np.diag(x) - np.outer(x, x)) @ v,
            ),
        ),
        Mistake(
            "swapped",
            ro="`x` și `v` și-au schimbat rolurile: ponderile se fac din `x`, iar `v` e direcția.",
            en="`x` and `v` have changed roles: the weights are made of `x`, and `v` is the direction.",
            wrong=(lambda x, v: softmax_jvp(v, x), lambda x, v: softmax_jvp(v, v)),
        ),
        Mistake(
            "difference",
            ro="Ai luat o diferență între ponderi. Produsul cu jacobianul e derivata: exact, nu pentru un pas anume.",
            en="You took a difference between weights. The product with the Jacobian is the derivative: exact, for "
            "no step.",
            wrong=tuple(
                lambda x, v, h=h: (softmax(x + h * v) - softmax(x)) / h for h in (1, 0.5, 0.1, 0.01, 1e-3, 1e-4)
            )
            + tuple(lambda x, v, h=h: (softmax(x + h * v) - softmax(x - h * v)) / (2 * h) for h in (1, 0.5, 0.1, 0.01))
            + (lambda x, v: softmax(x) - softmax(x + v), lambda x, v: softmax(v) - softmax(x)),
        ),
    ),
)

EXERCISES = (STABLE, AXIS, TEMPERATURE, JVP)
