"""Chapter 11: differential attention."""

from collections.abc import Callable

import numpy as np

from ..attention.softmax import softmax
from .engine import Exercise, Trial
from .mistakes import Mistake


def naive(x, axis=-1):
    return np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True)


def unchecked(x, axis=-1):
    """Stable, but silent about a row with nothing to attend to: it becomes nan."""
    return naive(x - x.max(axis=axis, keepdims=True), axis)


def overflows_and_no_more(trials):
    failed = [trial.outcome for trial in trials if not trial.passed]
    return any(outcome.overflowed for outcome in failed) and not any(outcome.finite for outcome in failed)


LIMITED = dict(
    key="limited-lambda",
    ro="Ai schimbat `lam` înainte de a-l folosi: i-ai pus o limită sau i-ai luat semnul. Poate fi negativ și poate "
    "trece "
    "de 1; ia-l așa cum vine.",
    en="You changed `lam` before using it: you put a limit on it, or took its sign. It may be negative and it may "
    "exceed "
    "1; take it as it comes.",
)
LIMITS = abs, lambda x: max(x, 0), lambda x: min(x, 1), lambda x: min(max(x, 0), 1), lambda x: 1 / (1 + np.exp(-x))
GLOBAL_MAX = dict(
    key="global-max",
    ro="Ai scăzut maximul întregului tabel. Într-un rând aflat mult sub el, toate exponențialele se rotunjesc la "
    "zero: 0/0. Fiecare rând are maximul lui.",
    en="You subtracted the maximum of the whole table. In a row far below it, every exponential rounds to zero: 0/0. "
    "Each row has its own maximum.",
)
OVERFLOW = dict(
    key="overflow",
    ro="La scoruri mari exponențiala depășește și apare `nan`. Scade întâi maximul fiecărui rând, ca în capitolul 2.",
    en="At large scores the exponential overflows and `nan` comes up. Subtract each row's maximum first, as in "
    "chapter 2.",
    when=overflows_and_no_more,
)
BEFORE_SOFTMAX = dict(
    key="subtract-before-softmax",
    ro="Ai scăzut scorurile, nu hărțile. Fiecare hartă trece întâi prin softmax, separat, și abia apoi se scad.",
    en="You subtracted the scores, not the maps. Each map goes through softmax first, on its own, and only then they "
    "are subtracted.",
)
PLUS = dict(
    key="plus",
    ro="Ai adunat hărțile. Diferența vine din scădere: prima hartă minus lambda ori a doua.",
    en="You added the maps. The difference comes from subtracting: the first map minus lambda times the second.",
)
IGNORES_LAMBDA = dict(
    key="ignores-lambda",
    ro="Harta a doua se scade întreagă, oricare ar fi `lam`. Înmulțește-o întâi cu `lam`.",
    en="The second map is subtracted whole, whatever `lam` is. Multiply it by `lam` first.",
)
SCALE = dict(
    key="scale",
    ro="Scorurile nu sunt scalate cum trebuie: fiecare produs scalar se împarte la radical din d, unde d e numărul de "
    "coloane ale lui `q1`.",
    en="The scores are not scaled as they should be: each dot product is divided by the square root of d, the number "
    "of columns of `q1`.",
)
SWAPPED = dict(
    key="swapped-maps",
    ro="Hărțile și-au schimbat rolurile: din prima se scade a doua, iar `lam` o înmulțește numai pe a doua.",
    en="The maps have changed roles: the second is subtracted from the first, and `lam` multiplies only the second.",
)
COLUMNS = dict(
    key="wrong-axis",
    ro="Softmax merge pe coloane. Fiecare interogare e un rând și își împarte atenția pe rândul ei: ultima axă.",
    en="The softmax runs down the columns. Each query is a row and shares out its attention along that row: the last "
    "axis.",
)
ONE_MAP = dict(
    key="one-map",
    ro="Harta a doua nu apare nicăieri în rezultat. Ce rămâne e atenția obișnuită.",
    en="The second map does not appear in the result. What is left is ordinary attention.",
)
BOTH_SCALED = dict(
    key="convex",
    ro="Ai înmulțit și prima hartă, cu 1 − lambda sau cu altceva. Prima hartă rămâne întreagă.",
    en="You multiplied the first map too, by 1 − lambda or by something else. The first map stays whole.",
)
MENDED = dict(
    key="renormalised",
    ro="Ai „reparat” harta după scădere. Ponderile negative și rândurile cu suma 1 − lambda sunt la locul lor: "
    "lasă-le așa.",
    en="You “mended” the map after subtracting. Negative weights and rows that sum to 1 − lambda belong there: leave "
    "them.",
)


def rows_to_one(a):
    return a / a.sum(axis=-1, keepdims=True)


# 1. One head


def diff_head(q1, k1, q2, k2, v, lam):
    scale = np.sqrt(q1.shape[-1])
    return (softmax(q1 @ k1.T / scale) - lam * softmax(q2 @ k2.T / scale)) @ v


def head_cases(rng: np.random.Generator) -> list[tuple]:
    def case(T: int, d: int, lam: float, scale: float = 1) -> tuple:
        queries_and_keys = [(scale * rng.normal(size=(T, d))).round(1) for _ in range(4)]
        return (*queries_and_keys, rng.normal(size=(T, 2 * d)).round(1), lam)

    sizes = [(1, 1), (1, 2), (2, 1), (2, 2), (2, 2), (3, 2), (2, 3), (3, 4), (4, 2), (4, 4), (5, 3), (6, 8), (12, 4)]
    cases = [case(T, d, lam) for (T, d) in sizes for lam in (0.2, 0.8)]
    q, k, *_, v, _ = case(3, 2, 0.5)
    cases += [(q, k, q, k, v, 0.5), case(3, 4, 0.0), case(3, 2, 1.2), case(3, 4, 0.5, scale=40), case(14, 2, 0.4)]
    # Lambda of every kind on fixed numbers; then scores of 1600 in one row and of 20 in the other, twice over.
    one, two, three = np.array([[1.0], [-0.5]]), np.array([[0.3], [2.0]]), np.array([[1.0, -2.0], [4.0, 3.0]])
    high, low = np.array([[40.0], [0.5]]), np.array([[40.0], [39.0]])
    cases += [(one, two, two, one, three, lam) for lam in (-0.4, -1.5, 0.0, 1.3, 2.5)]
    near = np.array([[6.1, 4.2], [5.9, 4.6], [6.3, 3.9]])  # large scores, close together
    cases.append((near[::-1] / 1.2, near, near, near / 1.3, np.arange(12.0).reshape(3, 4) % 5, 0.6))
    return [*cases, (high, low, one, two, three, 0.5), (one, two, high, low, three, 0.5)]


def head(attend: Callable) -> Callable:
    """A formula in the two arrays of scaled scores, the values and lambda, as a function of the head's inputs."""

    def formula(q1, k1, q2, k2, v, lam):
        scale = np.sqrt(q1.shape[-1])
        return attend(q1 @ k1.T / scale, q2 @ k2.T / scale, v, lam)

    return formula


def with_scale(scale: Callable) -> Callable:
    def formula(q1, k1, q2, k2, v, lam):
        s = scale(*q1.shape)
        return (softmax(q1 @ k1.T / s) - lam * softmax(q2 @ k2.T / s)) @ v

    return formula


def halves(v):
    return np.split(v, 2, axis=-1)


def causal(scores):
    return softmax(np.where(np.tri(*scores.shape, dtype=bool), scores, -np.inf))


def rms_normed(x):
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5)


HEAD = Exercise(
    "11.one-head",
    diff_head,
    head_cases,
    (
        Mistake(**OVERFLOW, wrong=head(lambda s1, s2, v, lam: (naive(s1) - lam * naive(s2)) @ v)),
        Mistake(
            **GLOBAL_MAX,
            wrong=(
                head(lambda s1, s2, v, lam: (naive(s1 - s1.max()) - lam * naive(s2 - s2.max())) @ v),
                head(lambda s1, s2, v, lam: (naive(s1 - max(s1.max(), s2.max()))
                                             - lam * naive(s2 - max(s1.max(), s2.max()))) @ v),
            ),
        ),
        Mistake(
            **LIMITED,
            wrong=tuple(head(lambda s1, s2, v, lam, limit=limit: (softmax(s1) - limit(lam) * softmax(s2)) @ v)
                        for limit in LIMITS),
        ),
        Mistake(
            **SCALE,
            wrong=(
                with_scale(lambda T, d: 1),
                with_scale(lambda T, d: d),
                with_scale(lambda T, d: np.sqrt(2 * d)),
                with_scale(lambda T, d: 2 * d),
                with_scale(lambda T, d: np.sqrt(T)),
                with_scale(lambda T, d: 1 / np.sqrt(d)),
                with_scale(lambda T, d: np.sqrt(d / 2)),
                with_scale(lambda T, d: T),
                lambda *args: with_scale(lambda T, d: 1)(*args) / np.sqrt(args[0].shape[1]),
            ),
        ),
        Mistake(
            **BEFORE_SOFTMAX,
            wrong=(
                head(lambda s1, s2, v, lam: softmax(s1 - lam * s2) @ v),
                head(lambda s1, s2, v, lam: (1 - lam) * softmax(s1 - lam * s2) @ v),
                head(lambda s1, s2, v, lam: softmax(s1 - s2) @ v),
            ),
        ),
        Mistake(**PLUS, wrong=head(lambda s1, s2, v, lam: (softmax(s1) + lam * softmax(s2)) @ v)),
        Mistake(
            **IGNORES_LAMBDA,
            wrong=head(lambda s1, s2, v, lam: (softmax(s1) - softmax(s2)) @ v),
        ),
        Mistake(**ONE_MAP, wrong=head(lambda s1, s2, v, lam: softmax(s1) @ v)),
        Mistake(
            **SWAPPED,
            wrong=(
                head(lambda s1, s2, v, lam: (softmax(s2) - lam * softmax(s1)) @ v),
                head(lambda s1, s2, v, lam: (lam * softmax(s1) - softmax(s2)) @ v),
                head(lambda s1, s2, v, lam: (lam * softmax(s2) - softmax(s1)) @ v),
            ),
        ),
        Mistake(
            **BOTH_SCALED,
            wrong=(
                head(lambda s1, s2, v, lam: ((1 - lam) * softmax(s1) - lam * softmax(s2)) @ v),
                head(lambda s1, s2, v, lam: lam * (softmax(s1) - softmax(s2)) @ v),
                head(lambda s1, s2, v, lam: ((1 + lam) * softmax(s1) - lam * softmax(s2)) @ v),
                head(lambda s1, s2, v, lam: (1 - lam) * (softmax(s1) - softmax(s2)) @ v),
            ),
        ),
        Mistake(**COLUMNS, wrong=head(lambda s1, s2, v, lam: (softmax(s1, 0) - lam * softmax(s2, 0)) @ v)),
        Mistake(
            **MENDED,
            wrong=(
                head(lambda s1, s2, v, lam: rows_to_one(softmax(s1) - lam * softmax(s2)) @ v),
                head(lambda s1, s2, v, lam: np.maximum(softmax(s1) - lam * softmax(s2), 0) @ v),
                head(lambda s1, s2, v, lam: rows_to_one(np.maximum(softmax(s1) - lam * softmax(s2), 0)) @ v),
                head(lambda s1, s2, v, lam: softmax(softmax(s1) - lam * softmax(s2)) @ v),
                head(lambda s1, s2, v, lam: np.abs(softmax(s1) - lam * softmax(s2)) @ v),
                head(lambda s1, s2, v, lam: (softmax(s1) - lam * softmax(s2)) @ v / (1 - lam)),
            ),
        ),
        Mistake(
            "too-early",
            ro="Normalizarea capului și factorul 1 − lambda vin după cap, în strat. Aici oprește-te la harta "
            "înmulțită cu valorile.",
            en="Normalising the head and the factor 1 − lambda come after the head, in the layer. Stop here at map "
            "times values.",
            wrong=(
                head(lambda s1, s2, v, lam: rms_normed((softmax(s1) - lam * softmax(s2)) @ v)),
                head(lambda s1, s2, v, lam: (1 - lam) * rms_normed((softmax(s1) - lam * softmax(s2)) @ v)),
                head(lambda s1, s2, v, lam: (1 - lam) * (softmax(s1) - lam * softmax(s2)) @ v),
            ),
        ),
        Mistake(
            "returns-map",
            ro="Ai întors harta. Mai e un pas: harta se înmulțește cu valorile, `v`.",
            en="You returned the map. One step is left: the map is multiplied by the values, `v`.",
            wrong=head(lambda s1, s2, v, lam: softmax(s1) - lam * softmax(s2)),
        ),
        Mistake(
            "crossed-pairs",
            ro="Perechile s-au încurcat: `q1` se compară cu `k1`, iar `q2` cu `k2`.",
            en="The pairs are mixed up: `q1` is compared with `k1`, and `q2` with `k2`.",
            wrong=(
                lambda q1, k1, q2, k2, v, lam: diff_head(q1, k2, q2, k1, v, lam),
                lambda q1, k1, q2, k2, v, lam: diff_head(q1, k1, q2, k1, v, lam),
                lambda q1, k1, q2, k2, v, lam: diff_head(q1, k1, q1, k2, v, lam),
                lambda q1, k1, q2, k2, v, lam: diff_head(q1, q2, k1, k2, v, lam),
            ),
        ),
        Mistake(
            "split-values",
            ro="Ai tăiat valorile în două. Valorile capului sunt late de 2d și se înmulțesc întregi cu diferența "
            "hărților.",
            en="You cut the values in two. The head's values are 2d wide, and the difference of the maps takes them "
            "whole.",
            wrong=(
                head(lambda s1, s2, v, lam: softmax(s1) @ halves(v)[0] - lam * softmax(s2) @ halves(v)[1]),
                head(lambda s1, s2, v, lam: np.hstack([softmax(s1) @ halves(v)[0], -lam * softmax(s2) @ halves(v)[1]])),
                head(lambda s1, s2, v, lam: np.hstack([softmax(s1) @ halves(v)[0], lam * softmax(s2) @ halves(v)[1]])),
                head(lambda s1, s2, v, lam: np.hstack([softmax(s1) @ halves(v)[0], softmax(s2) @ halves(v)[1]])),
            ),
        ),
        Mistake(
            "transposed-map",
            ro="Harta e transpusă: rândurile sunt interogările, coloanele sunt cheile, `q @ k.T`, iar harta se "
            "înmulțește cu `v` fără transpunere.",
            en="The map is transposed: rows are queries, columns are keys, `q @ k.T`, and the map is multiplied by "
            "`v` without a transpose.",
            wrong=(
                head(lambda s1, s2, v, lam: (softmax(s1) - lam * softmax(s2)).T @ v),
                head(lambda s1, s2, v, lam: (softmax(s1.T) - lam * softmax(s2.T)) @ v),
            ),
        ),
        Mistake(
            "masked",
            ro="Ai ascuns viitorul. Aici nu se cere nicio mască: fiecare interogare vede toate cheile.",
            en="You hid the future. No mask is asked for here: every query sees all the keys.",
            wrong=head(lambda s1, s2, v, lam: (causal(s1) - lam * causal(s2)) @ v),
        ),
    ),
)


# 2. Lambda from its vectors


def lambda_from_vectors(q1, k1, q2, k2, init):
    return np.exp(q1 @ k1) - np.exp(q2 @ k2) + init


def lambda_cases(rng: np.random.Generator) -> list[tuple]:
    zero = np.zeros(1)
    e0, e1 = np.eye(2)
    cases = [(zero, zero, zero, zero, 0.2), (zero + 1, zero + 1, zero, zero, 0.5), (e0, 2 * e0, e1, e1, 0.3)]
    for d in (1, 2, 2, 3, 4, 4, 8, 8, 64):
        for scale in (0.1, 0.7) if d > 8 else (0.5, 1):
            vectors = [(scale * rng.normal(size=d) / d**0.25).round(2) for _ in range(4)]
            cases.append((*vectors, round(rng.uniform(0.2, 0.8), 2)))
    half = (np.array([2.917]), np.array([2.891]), np.array([0.413]), np.array([1.207]), 0.8)  # half precision shows
    cases += [half, (np.array([0.5]), np.array([1.0]), np.array([0.2]), np.array([-1.0]), 0.0)]
    large, small = (np.array([2.0, -1]), np.array([3.0, 1])), (np.array([1.0, 1]), np.array([1.0, 2]))
    return [*cases, (*large, *small, 0.8), (*small, *large, 0.8)]  # far above 1, and far below 0


def two_exponents(formula: Callable) -> Callable:
    """A formula in the two dot products and the start, as a function of the vectors."""
    return lambda q1, k1, q2, k2, init: formula(q1 @ k1, q2 @ k2, init)


LAMBDA = Exercise(
    "11.lambda",
    lambda_from_vectors,
    lambda_cases,
    (
        Mistake(
            "no-exponential",
            ro="Lipsește exponențiala: fiecare produs scalar trece prin `exp` înainte de scădere.",
            en="The exponential is missing: each dot product goes through `exp` before the subtraction.",
            wrong=two_exponents(lambda a, b, init: a - b + init),
        ),
        Mistake(
            "no-start",
            ro="Ai uitat valoarea de pornire: `init` se adună la sfârșit.",
            en="You forgot the starting value: `init` is added at the end.",
            wrong=two_exponents(lambda a, b, init: np.exp(a) - np.exp(b)),
        ),
        Mistake(
            "start-sign",
            ro="`init` se adună la diferența celor două exponențiale; nu se scade și nu o înmulțește.",
            en="`init` is added to the difference of the two exponentials; it is not subtracted and does not "
            "multiply it.",
            wrong=(
                two_exponents(lambda a, b, init: np.exp(a) - np.exp(b) - init),
                two_exponents(lambda a, b, init: (np.exp(a) - np.exp(b)) * init),
                two_exponents(lambda a, b, init: init - (np.exp(a) - np.exp(b)) * init),
                two_exponents(lambda a, b, init: init * (1 + np.exp(a) - np.exp(b))),
                two_exponents(lambda a, b, init: np.exp(a) - (np.exp(b) + init)),
            ),
        ),
        Mistake(
            "start-inside",
            ro="`init` a ajuns într-o exponențială. Se adună afară, la sfârșit.",
            en="`init` has ended up inside an exponential. It is added outside, at the end.",
            wrong=(
                two_exponents(lambda a, b, init: np.exp(a) - np.exp(b + init)),
                two_exponents(lambda a, b, init: np.exp(a + init) - np.exp(b)),
                two_exponents(lambda a, b, init: np.exp(a + init) - np.exp(b + init)),
                two_exponents(lambda a, b, init: np.exp(a - b + init)),
                two_exponents(lambda a, b, init: np.exp(a) - np.exp(b) + np.exp(init)),
            ),
        ),
        Mistake(
            "one-exponential",
            ro="Exponențiala diferenței nu e diferența exponențialelor: sunt două exponențiale, câte una pentru "
            "fiecare pereche.",
            en="The exponential of a difference is not the difference of exponentials: there are two exponentials, "
            "one for each pair.",
            wrong=(
                two_exponents(lambda a, b, init: np.exp(a - b) + init),
                two_exponents(lambda a, b, init: np.exp(a) / np.exp(b) + init),
                two_exponents(lambda a, b, init: np.exp(a + b) + init),
                two_exponents(lambda a, b, init: np.exp(a) - b + init),
                two_exponents(lambda a, b, init: np.exp(a) + init),
            ),
        ),
        Mistake(
            "plus",
            ro="Între cele două exponențiale e un minus.",
            en="Between the two exponentials there is a minus.",
            wrong=two_exponents(lambda a, b, init: np.exp(a) + np.exp(b) + init),
        ),
        Mistake(
            "swapped",
            ro="Ordinea e inversă: din exponențiala primei perechi se scade cea a perechii a doua.",
            en="The order is reversed: the second pair's exponential is subtracted from the first pair's.",
            wrong=two_exponents(lambda a, b, init: np.exp(b) - np.exp(a) + init),
        ),
        Mistake(
            "crossed-pairs",
            ro="Perechile s-au încurcat: `q1` cu `k1`, `q2` cu `k2`.",
            en="The pairs are mixed up: `q1` with `k1`, `q2` with `k2`.",
            wrong=(
                lambda q1, k1, q2, k2, init: np.exp(q1 @ k2) - np.exp(q2 @ k1) + init,
                lambda q1, k1, q2, k2, init: np.exp(q1 @ q2) - np.exp(k1 @ k2) + init,
                lambda q1, k1, q2, k2, init: np.exp(q1 @ k1) - np.exp(q1 @ k2) + init,
                lambda q1, k1, q2, k2, init: np.exp(q1 @ k1) - np.exp(q2 @ k1) + init,
            ),
        ),
        Mistake(
            "elementwise",
            ro="Întâi produsul scalar, un singur număr; abia apoi exponențiala lui. Nu pe fiecare poziție în parte.",
            en="First the dot product, a single number; only then its exponential. Not position by position.",
            wrong=(
                lambda q1, k1, q2, k2, init: np.exp(q1 * k1) - np.exp(q2 * k2) + init,
                lambda q1, k1, q2, k2, init: (np.exp(q1 * k1) - np.exp(q2 * k2)).sum() + init,
                lambda q1, k1, q2, k2, init: (np.exp(q1 * k1) - np.exp(q2 * k2) + init).sum(),
                lambda q1, k1, q2, k2, init: (np.exp(q1 * k1) - np.exp(q2 * k2) + init).mean(),
                lambda q1, k1, q2, k2, init: np.exp(q1) @ np.exp(k1) - np.exp(q2) @ np.exp(k2) + init,
                lambda q1, k1, q2, k2, init: np.exp(q1.sum() * k1.sum()) - np.exp(q2.sum() * k2.sum()) + init,
                lambda q1, k1, q2, k2, init: np.exp(np.outer(q1, k1)) - np.exp(np.outer(q2, k2)) + init,
            ),
        ),
        Mistake(
            "scaled",
            ro="Produsul scalar rămâne întreg aici: nu se împarte nici la d, nici la radical din d.",
            en="The dot product stays whole here: it is divided neither by d nor by the square root of d.",
            wrong=(
                lambda q1, k1, q2, k2, init: np.exp(q1 @ k1 / len(q1)) - np.exp(q2 @ k2 / len(q2)) + init,
                lambda q1, k1, q2, k2, init: np.exp(q1 @ k1 / len(q1) ** 0.5) - np.exp(q2 @ k2 / len(q2) ** 0.5) + init,
            ),
        ),
        Mistake(
            "limited",
            ro="Ai ținut lambda într-un interval. Formula nu face asta: lambda poate trece de 1 și poate fi și "
            "negativ.",
            en="You kept lambda within an interval. The formula does not: lambda may exceed 1 and may be negative too.",
            wrong=(
                two_exponents(lambda a, b, init: np.clip(np.exp(a) - np.exp(b) + init, 0, 1)),
                two_exponents(lambda a, b, init: 1 / (1 + np.exp(-(np.exp(a) - np.exp(b) + init)))),
                two_exponents(lambda a, b, init: abs(np.exp(a) - np.exp(b)) + init),
                two_exponents(lambda a, b, init: abs(np.exp(a) - np.exp(b) + init)),
                two_exponents(lambda a, b, init: max(0, np.exp(a) - np.exp(b) + init)),
                two_exponents(lambda a, b, init: 1 / (1 + np.exp(-a)) - 1 / (1 + np.exp(-b)) + init),
                two_exponents(lambda a, b, init: np.tanh(np.exp(a) - np.exp(b) + init)),
            ),
        ),
    ),
)


# 3. The schedule


def schedule(layer):
    return 0.8 - 0.6 * np.exp(-0.3 * (layer - 1))


def schedule_cases(rng: np.random.Generator) -> list[tuple]:
    return [(layer,) for layer in [*range(1, 25), int(rng.integers(25, 100)), 1000]]


def fails_only_first(trials: list[Trial]) -> bool:
    return not trials[0].passed and all(t.passed for t in trials[1:])


SCHEDULE = Exercise(
    "11.schedule",
    schedule,
    schedule_cases,
    (
        Mistake(
            "counts-from-zero",
            ro="Straturile se numără aici de la 1: în exponent intră `layer - 1`, ca primul strat să înceapă la 0,2.",
            en="Layers count from 1 here: the exponent takes `layer - 1`, so that the first layer starts at 0.2.",
            wrong=(
                lambda layer: 0.8 - 0.6 * np.exp(-0.3 * layer),
                lambda layer: 0.8 - 0.6 * np.exp(-0.3 * (layer + 1)),
                lambda layer: 0.8 - 0.6 * np.exp(-0.3 * (layer - 2)),
            ),
        ),
        Mistake(
            "sign",
            ro="Exponentul e pozitiv și crește fără limită. Trebuie un minus: diferența față de 0,8 se stinge cu "
            "adâncimea.",
            en="The exponent is positive and grows without limit. A minus is needed: the distance from 0.8 fades "
            "with depth.",
            wrong=(
                lambda layer: 0.8 - 0.6 * np.exp(0.3 * (layer - 1)),
                lambda layer: 0.8 - 0.6 * np.exp(0.3 * layer),
                lambda layer: 0.8 - 0.6 / np.exp(-0.3 * (layer - 1)),
            ),
        ),
        Mistake(
            "plus",
            ro="Între 0,8 și 0,6 e un minus: lambda pornește jos și urcă.",
            en="Between 0.8 and 0.6 there is a minus: lambda starts low and rises.",
            wrong=(lambda layer: 1.6 - schedule(layer), lambda layer: 0.8 + 0.6 * np.exp(-0.3 * layer)),
        ),
        Mistake(
            "constants",
            ro="Una dintre cele trei constante nu e la locul ei. Verifică primul strat, 0,2, și straturile adânci, "
            "0,8.",
            en="One of the three constants is out of place. Check the first layer, 0.2, and the deep layers, 0.8.",
            wrong=tuple(
                lambda layer, a=a, b=b, c=c: a - b * np.exp(-c * (layer - 1))
                for a, b, c in (
                    (0.6, 0.8, 0.3), (0.8, 0.3, 0.6), (0.3, 0.6, 0.8), (0.8, 0.6, 3), (0.8, 0.6, 0.03), (0.8, 0.6, 1),
                    (0.8, 0.2, 0.3), (1, 0.6, 0.3), (1, 0.8, 0.3), (0.2, 0.6, 0.3), (0.8, 0.8, 0.3), (0.8, 0.6, 0.6),
                    (0.8, 1, 0.3), (0.6, 0.3, 0.8), (0.8, 0.6, 0.2), (0.8, 0.6, 0.1), (0.9, 0.6, 0.3), (0.8, 0.5, 0.3),
                    (0.6, 0.6, 0.3), (0.8, 0.6, 0.5),
                )
            ),
        ),
        Mistake(
            "no-exponential",
            ro="Lipsește exponențiala: fără ea lambda nu se oprește treptat la 0,8.",
            en="The exponential is missing: without it lambda does not settle gradually at 0.8.",
            wrong=(
                lambda layer: 0.8 - 0.6 * (-0.3 * (layer - 1)),
                lambda layer: 0.8 - 0.6 * 0.3 * (layer - 1),
                lambda layer: 0.8 - 0.6 * (1 - 0.3 * (layer - 1)),
                lambda layer: 0.2 + 0.3 * (layer - 1),
                lambda layer: 0.2 + 0.6 * (layer - 1),
                lambda layer: 0.8 - 0.6 * 0.3 ** (layer - 1),
                lambda layer: 0.8 - 0.6 * 0.7 ** (layer - 1),
                lambda layer: 0.2 + 0.18 * (layer - 1),
                lambda layer: min(0.8, 0.2 + 0.18 * (layer - 1)),
                lambda layer: 0.8 - 0.6 / layer,
            ),
        ),
        Mistake(
            "brackets",
            ro="Parantezele schimbă ordinea: întâi `layer - 1`, apoi produsul cu −0,3, apoi `exp`, apoi produsul cu "
            "0,6.",
            en="The brackets change the order: first `layer - 1`, then times −0.3, then `exp`, then times 0.6.",
            wrong=(
                lambda layer: 0.8 - 0.6 * np.exp(-0.3 * layer - 1),
                lambda layer: 0.8 - 0.6 * np.exp(-0.3) * (layer - 1),
                lambda layer: (0.8 - 0.6) * np.exp(-0.3 * (layer - 1)),
                lambda layer: 0.8 - 0.6 * np.exp(-0.3 * layer) - 1,
                lambda layer: 0.8 - np.exp(0.6 * -0.3 * (layer - 1)),
                lambda layer: 0.8 - 0.6 * (np.exp(-0.3 * layer) - 1),
            ),
        ),
        Mistake(
            "constant",
            ro="Ai dat aceeași valoare tuturor straturilor. Lambda pornește diferit: de la 0,2 în primul strat, de "
            "la aproape 0,8 în cele adânci.",
            en="You gave all the layers one value. Lambda starts differently: at 0.2 in the first layer, at nearly "
            "0.8 in the deep ones.",
            wrong=tuple(lambda layer, value=value: value for value in (0.2, 0.8, 0.5, 0.6, 0.3)),
        ),
        Mistake(
            "base",
            ro="Baza nu e cea potrivită: aici se ridică la putere numărul `e`, cu `np.exp`.",
            en="The base is not the right one: the number `e` is raised to a power here, with `np.exp`.",
            wrong=tuple(lambda layer, base=base: 0.8 - 0.6 * base ** (-0.3 * (layer - 1)) for base in (2, 10)),
        ),
        Mistake(
            "first-layer",
            ro="Doar primul strat e greșit. Formula îl cuprinde și pe el: la `layer = 1` exponentul e 0.",
            en="Only the first layer is wrong. The formula covers it too: at `layer = 1` the exponent is 0.",
            when=fails_only_first,
        ),
    ),
)


# 4. Find the bug


def causal_diff_map(scores1, scores2, lam):
    return causal(scores1) - lam * causal(scores2)


def map_cases(rng: np.random.Generator) -> list[tuple]:
    def case(T: int, lam: float, scale: float = 1) -> tuple:
        return (*((scale * rng.normal(size=(T, T))).round(1) for _ in range(2)), lam)

    cases = [case(T, lam) for T in (1, 2, 2, 3, 3, 4, 5, 8, 12, 14) for lam in (0.2, 0.8)]
    zeros, some, other = np.zeros((2, 2)), np.array([[1.0, 2.0], [0.0, -1.0]]), np.array([[0.5, -1.0], [2.0, 1.0]])
    cases += [(zeros, zeros, 0.5), *((some, other, lam) for lam in (-0.4, -1.5, 1.3, 2.5))]
    # The only key that row 0 sees scores a million below zero: no number hides the future for certain.
    low, lower = np.array([[-1e6, 0], [0, 0]]), np.array([[-1e6, -2e6], [0, 1]])
    cases += [(low, zeros, 0.5), (zeros, low, 0.5), (lower, some, 0.5), (some, lower, 0.5)]
    far = np.array([[1000.0, 0.0], [1.0, 2.0]])  # two rows a long way from one another
    return [*cases, (far, some, 0.5), (some, far, 0.5), case(3, 0.0), case(3, 1.2), case(4, 0.5, 1000)]


def tril(a, k=0, fill=0.0):
    return np.where(np.tri(*a.shape, k=k, dtype=bool), a, fill)


def causal_up_to(scores, n):
    """Causal, with a mask made for n words."""
    return unchecked(np.where(np.tri(n, dtype=bool)[: len(scores), : len(scores)], scores, -np.inf))


def difference(attend1: Callable, attend2: Callable | None = None) -> Callable:
    return lambda s1, s2, lam: attend1(s1) - lam * (attend2 or attend1)(s2)


MAP = Exercise(
    "11.find-the-bug",
    causal_diff_map,
    map_cases,
    (
        Mistake(
            "mask-after",
            ro="Masca cu −inf vine după scădere și rămâne −inf în hartă. Locul ei e în scoruri, înaintea fiecărui "
            "softmax.",
            en="The mask of −inf comes after the subtraction and stays in the map. It belongs in the scores, before "
            "each softmax.",
            wrong=(
                lambda s1, s2, lam: tril(softmax(s1) - lam * softmax(s2), fill=-np.inf),
                lambda s1, s2, lam: tril(softmax(s1), fill=-np.inf) - lam * tril(softmax(s2), fill=-np.inf),
                lambda s1, s2, lam: tril(softmax(s1) - lam * softmax(s2), fill=-1e9),
                lambda s1, s2, lam: tril(softmax(s1) - lam * softmax(s2), fill=np.nan),
                lambda s1, s2, lam: tril(softmax(s1), fill=-np.inf) - lam * softmax(s2),
            ),
        ),
        Mistake(
            "zeroed-after",
            ro="Ai pus zero după softmax. Viitorul și-a luat deja partea: rândurile nu mai fac 1 − lambda. Maschează "
            "scorurile.",
            en="You put zeros in after softmax. The future has already taken its share: rows no longer sum to 1 − "
            "lambda. "
            "Mask the scores.",
            wrong=(
                lambda s1, s2, lam: tril(softmax(s1) - lam * softmax(s2)),
                difference(lambda s: tril(softmax(s)), softmax),
                difference(softmax, lambda s: tril(softmax(s))),
                difference(lambda s: tril(naive(s))),
            ),
        ),
        Mistake(
            "softmax-again",
            ro="Ai trecut diferența încă o dată prin softmax, iar ponderile negative s-au pierdut. După scădere nu "
            "mai urmează nimic.",
            en="You passed the difference through softmax once more, and the negative weights are lost. Nothing "
            "follows the "
            "subtraction.",
            wrong=(
                lambda s1, s2, lam: causal(softmax(s1) - lam * softmax(s2)),
                lambda s1, s2, lam: (1 - lam) * causal(softmax(s1) - lam * softmax(s2)),
                lambda s1, s2, lam: softmax(causal(s1) - lam * causal(s2)),
                lambda s1, s2, lam: causal(causal(s1) - lam * causal(s2)),
            ),
        ),
        Mistake(
            "zeros-in-scores",
            ro="Un scor 0 nu ascunde nimic: e^0 = 1, deci viitorul primește atenție. Pune −inf: exponențiala lui e "
            "exact 0.",
            en="A score of 0 hides nothing: e^0 = 1, so the future gets attention. Put −inf: its exponential is "
            "exactly 0.",
            wrong=difference(lambda s: softmax(tril(s))),
        ),
        Mistake(
            "mask-added",
            ro="Ai adunat masca la scoruri: în loc de minus infinit ai adăugat 1. Cu o mască booleană alegi: "
            "`np.where`.",
            en="You added the mask to the scores: it added 1 instead of minus infinity. A boolean mask chooses: "
            "`np.where`.",
            wrong=(
                difference(lambda s: softmax(s + np.tri(len(s)))),
                difference(lambda s: softmax(s + ~np.tri(len(s), dtype=bool))),
                difference(lambda s: softmax(s - (1 - np.tri(len(s))))),
            ),
        ),
        Mistake(
            "no-mask",
            ro="Lipsește masca: fiecare rând se uită și la pozițiile de după el.",
            en="The mask is missing: every row looks at the positions after it too.",
            wrong=difference(softmax),
        ),
        Mistake(
            "one-masked",
            ro="Doar una dintre hărți e mascată. Fiecare își primește masca și trece separat prin softmax.",
            en="Only one of the maps is masked. Each gets its own mask and goes through softmax on its own.",
            wrong=(difference(causal, softmax), difference(softmax, causal)),
        ),
        Mistake(
            "wrong-triangle",
            ro="Masca e inversată: fiecare rând se uită la viitor. Rândul t vede coloanele de la 0 la t.",
            en="The mask is reversed: every row looks at the future. Row t sees columns 0 to t.",
            wrong=(
                difference(lambda s: softmax(np.where(np.tri(len(s), dtype=bool).T, s, -np.inf))),
                difference(lambda s: unchecked(np.where(np.tri(len(s), k=-1, dtype=bool).T, s, -np.inf))),
            ),
        ),
        Mistake(
            "diagonal",
            ro="Masca e deplasată cu o poziție. Rândul t vede și poziția t, dar nu și t + 1: `np.tril` cu k=0, "
            "`np.triu` cu k=1.",
            en="The mask is off by one. Row t sees position t too, but not t + 1: `np.tril` with k=0, `np.triu` with "
            "k=1.",
            wrong=(
                difference(lambda s: softmax(tril(s, k=-1, fill=-np.inf))),
                difference(lambda s: unchecked(tril(s, k=-1, fill=-np.inf))),
                difference(lambda s: np.nan_to_num(unchecked(tril(s, k=-1, fill=-np.inf)))),
                difference(lambda s: softmax(tril(s, k=1, fill=-np.inf))),
                difference(lambda s: softmax(tril(s, k=-1, fill=-1e9))),
            ),
        ),
        Mistake(**BEFORE_SOFTMAX, wrong=(lambda s1, s2, lam: causal(s1 - lam * s2), lambda s1, s2, lam: causal(s1 - s2),
                                         lambda s1, s2, lam: (1 - lam) * causal(s1 - lam * s2))),
        Mistake(**PLUS, wrong=lambda s1, s2, lam: causal(s1) + lam * causal(s2)),
        Mistake(**IGNORES_LAMBDA, wrong=lambda s1, s2, lam: causal(s1) - causal(s2)),
        Mistake(**ONE_MAP, wrong=lambda s1, s2, lam: causal(s1)),
        Mistake(
            **SWAPPED,
            wrong=(
                lambda s1, s2, lam: causal(s2) - lam * causal(s1),
                lambda s1, s2, lam: lam * causal(s1) - causal(s2),
                lambda s1, s2, lam: lam * causal(s2) - causal(s1),
            ),
        ),
        Mistake(
            **BOTH_SCALED,
            wrong=(
                lambda s1, s2, lam: (1 - lam) * causal(s1) - lam * causal(s2),
                lambda s1, s2, lam: lam * (causal(s1) - causal(s2)),
            ),
        ),
        Mistake(
            **COLUMNS,
            wrong=(
                difference(lambda s: softmax(tril(s, fill=-np.inf), 0)),
                lambda s1, s2, lam: tril(softmax(s1, 0) - lam * softmax(s2, 0), fill=-np.inf),
            ),
        ),
        Mistake(
            **MENDED,
            wrong=(
                lambda s1, s2, lam: rows_to_one(causal(s1) - lam * causal(s2)),
                lambda s1, s2, lam: np.maximum(causal(s1) - lam * causal(s2), 0),
                lambda s1, s2, lam: rows_to_one(np.maximum(causal(s1) - lam * causal(s2), 0)),
                lambda s1, s2, lam: rows_to_one(tril(softmax(s1) - lam * softmax(s2))),
                lambda s1, s2, lam: (1 - lam) * rows_to_one(tril(softmax(s1) - lam * softmax(s2))),
                lambda s1, s2, lam: (causal(s1) - lam * causal(s2)) / (1 - lam),
            ),
        ),
        Mistake(
            "scaled-again",
            ro="Scorurile primite sunt deja scalate. Nu le mai împărți o dată.",
            en="The scores you are given are scaled already. Do not divide them again.",
            wrong=difference(lambda s: causal(s / np.sqrt(len(s)))),
        ),
        Mistake(
            **OVERFLOW,
            wrong=(
                difference(lambda s: naive(tril(s, fill=-np.inf))),
                difference(lambda s: rows_to_one(tril(np.exp(s)))),
            ),
        ),
        Mistake(
            **GLOBAL_MAX,
            wrong=(
                difference(lambda s: naive(tril(s - s.max(), fill=-np.inf))),
                difference(lambda s: naive(tril(s - tril(s, fill=-np.inf).max(), fill=-np.inf))),
            ),
        ),
        Mistake(
            **LIMITED,
            wrong=tuple(lambda s1, s2, lam, limit=limit: causal(s1) - limit(lam) * causal(s2) for limit in LIMITS),
        ),
        Mistake(
            "short-mask",
            ro="Masca ta are o lungime fixă. Tabelul poate fi oricât de mare: fă-o din forma lui.",
            en="Your mask has a fixed length. A table may be as large as it likes: make it from its shape.",
            wrong=tuple(difference(lambda s, n=n: causal_up_to(s, n)) for n in (3, 4, 5, 6, 8, 10, 12, 13)),
        ),
        Mistake(
            "each-renormalised",
            ro="Ai ascuns viitorul după softmax și ai adus rândurile înapoi la unu. Unde viitorul are scoruri mult "
            "mai mari, "
            "trecutul s-a rotunjit deja la zero: 0/0. Pune −inf în scoruri.",
            en="You hid the future after softmax and brought the rows back to one. Where the future scores far "
            "higher, the "
            "past has already rounded to zero: 0/0. Put −inf in the scores.",
            wrong=difference(lambda s: rows_to_one(tril(softmax(s)))),
        ),
        Mistake(
            "weak-mask",
            ro="Numărul pus în locul viitorului nu e destul de mic: când scorurile sunt mari, tot se vede. Pune −inf.",
            en="The number put in place of the future is not low enough: with large scores it shows. Put −inf.",
            wrong=(
                *(difference(lambda s, low=low: softmax(tril(s, fill=low)))
                  for low in (-1, -2, -5, -10, -20, -30, -50, -99, -100, -500, -999, -1e3, -9999, -1e4, -1e5, -1e6)),
                *(difference(lambda s, low=low: softmax(s + low * (1 - np.tri(len(s)))))
                  for low in (-2, -5, -10, -20, -30, -50, -99, -100, -500, -999, -1e3, -9999, -1e4, -1e5)),
            ),
        ),
    ),
)

EXERCISES = (HEAD, LAMBDA, SCHEDULE, MAP)
