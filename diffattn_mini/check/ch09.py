"""Chapter 9: attention noise in long contexts."""

import numpy as np

from .engine import Exercise
from .mistakes import Mistake


def overflows_and_no_more(trials):
    failed = [trial.outcome for trial in trials if not trial.passed]
    return any(outcome.overflowed for outcome in failed) and not any(outcome.finite for outcome in failed)


# 1. The best share


def best_share(N, bound):
    return 1 / (1 + (N - 1) * np.exp(-2 * bound))


def share_cases(rng: np.random.Generator) -> list[tuple]:
    cases = [(1, 2.0), (2, 0.0), (3, 0.5), (4, 1.0), (5, 2.0), (64, 2.0), (1024, 2.0), (10, 3.5), (10**6, 5.0)]
    cases += [(int(rng.integers(2, 200)), round(float(rng.uniform(0.2, 4)), 1)) for _ in range(6)]
    return [*cases, (8, 400.0), (10**5, 800.0)]


BEST = Exercise(
    "09.best-share",
    best_share,
    share_cases,
    (
        Mistake(
            "overflow",
            ro="La margini mari `exp(2 * bound)` depășește și apare `nan` (`inf` împărțit la `inf`). Împarte "
            "numărătorul și numitorul la `exp(2 * bound)`: rămâne `exp(-2 * bound)`, care se stinge liniștit.",
            en="At large bounds `exp(2 * bound)` overflows and `nan` comes up (`inf` divided by `inf`). Divide "
            "numerator and denominator by `exp(2 * bound)`: what is left is `exp(-2 * bound)`, which fades quietly.",
            when=overflows_and_no_more,
        ),
        Mistake(
            "others-at-zero",
            ro="Ai lăsat celelalte chei la scorul 0. Pot coborî mai jos, până la `-bound`: diferența e `2 * bound`.",
            en="You left the other keys at score 0. They can go lower, down to `-bound`: the gap is `2 * bound`.",
            wrong=(lambda N, bound: 1 / (1 + (N - 1) * np.exp(-bound)), lambda N, bound: 1 / (1 + N * np.exp(-bound))),
        ),
        Mistake(
            "counts-itself",
            ro="Și răspunsul e una dintre cele `N` chei: celelalte sunt `N - 1`.",
            en="The answer is one of the `N` keys: the others are `N - 1`.",
            wrong=(lambda N, bound: 1 / (1 + N * np.exp(-2 * bound)),
                   lambda N, bound: 1 / (1 + (N + 1) * np.exp(-2 * bound))),
        ),
        Mistake(
            "no-answer-below",
            ro="La numitor lipsește chiar răspunsul: se împarte la suma tuturor exponențialelor, a lui inclusă.",
            en="The denominator lacks the answer itself: divide by the sum of all the exponentials, its own included.",
            wrong=lambda N, bound: np.exp(2 * bound) / max(N - 1, 1),
        ),
        Mistake(
            "noise-share",
            ro="Asta e partea celorlalte chei. Cea căutată e restul până la 1.",
            en="That is the share of the other keys. What is asked for is the rest, up to 1.",
            wrong=lambda N, bound: 1 - best_share(N, bound),
        ),
        Mistake(
            "one-other",
            ro="Ai luat o singură cheie dintre celelalte. Sunt `N - 1`, și fiecare pune la sumă cât ea.",
            en="You took just one of the other keys. There are `N - 1`, and each adds as much to the sum.",
            wrong=(lambda N, bound: 1 / (1 + np.exp(-2 * bound)), lambda N, bound: best_share(2, bound) / (N - 1 or 1)),
        ),
        Mistake(
            "upside-down",
            ro="Semnele sunt pe dos: răspunsul are scorul `bound`, celelalte chei `-bound`. Iese partea cea mai mică.",
            en="The signs are the wrong way round: the answer has score `bound`, the others `-bound`. This is the "
            "smallest share.",
            wrong=(lambda N, bound: best_share(N, -bound), lambda N, bound: best_share(N, -bound / 2)),
        ),
        Mistake(
            "no-exponential",
            ro="Scorurile trec întâi prin exponențială; ponderea nu e scorul împărțit la suma scorurilor.",
            en="The scores go through the exponential first; the weight is not the score over the sum of scores.",
            wrong=(lambda N, bound: 2 * bound / (2 * bound + N - 1) if N > 1 else 1.0,
                   lambda N, bound: bound / (bound + N - 1) if N > 1 else 1.0),
        ),
        Mistake(
            "equal-split",
            ro="Asta e împărțirea egală. Marginea, `bound`, nu apare deloc în rezultat.",
            en="That is the equal split. The bound, `bound`, does not appear in the result at all.",
            wrong=lambda N, bound: 1 / N,
        ),
        Mistake(
            "too-far",
            ro="Diferența dintre cele două margini e `2 * bound`, nici mai mare, nici la pătrat.",
            en="The gap between the two bounds is `2 * bound`, no larger, and not squared.",
            wrong=(lambda N, bound: best_share(N, 2 * bound), lambda N, bound: best_share(N, bound**2 / 2),
                   lambda N, bound: best_share(N, bound**2)),
        ),
        Mistake(
            "base",
            ro="Baza nu e cea bună: softmax ridică la putere numărul `e`, cu `np.exp`.",
            en="The base is not the right one: softmax raises the number `e` to a power, with `np.exp`.",
            wrong=(lambda N, bound: 1 / (1 + (N - 1) * 2.0 ** (-2 * bound)),
                   lambda N, bound: 1 / (1 + (N - 1) * 10.0 ** (-2 * bound))),
        ),
    ),
)


# 2. The share of noise


def noise_share(weights, noise):
    size = np.abs(weights)
    return size[:, noise].sum(axis=1) / size.sum(axis=1)


def map_cases(rng: np.random.Generator) -> list[tuple]:
    def case(T: int, N: int, signed: bool, total: float = 1.0) -> tuple:
        weights = np.exp(rng.normal(size=(T, N)))
        weights = total * weights / weights.sum(axis=1, keepdims=True)
        if signed:
            weights = weights - 0.9 / N
        noise = rng.random(N) < 0.6
        noise[0], noise[-1] = False, True
        return weights.round(3), noise

    first = np.array([[0.5, 0.25, 0.25]]), np.array([False, True, True])
    signed = np.array([[0.5, -0.2, 0.2], [0.6, -0.1, -0.1]]), np.array([False, True, True])
    none = np.array([[0.5, 0.5], [0.25, 0.75]]), np.array([False, False])
    every = np.array([[0.5, 0.3], [0.2, -0.7]]), np.array([True, True])
    cases = [first, signed, none, every]
    sizes = [(1, 2), (2, 3), (3, 3), (3, 5), (5, 3), (4, 8), (8, 8)]
    return [*cases, *(case(T, N, sign) for T, N in sizes for sign in (False, True)), case(3, 4, False, 0.3)]


def of_rows(share):
    """A share in the map, of the noise's columns, as a function of the exercise's inputs."""
    return lambda weights, noise: share(weights, weights[:, noise])


NOISE = Exercise(
    "09.noise-share",
    noise_share,
    map_cases,
    (
        Mistake(
            "signed",
            ro="Ai adunat ponderile cu semnele lor, iar cele negative le-au șters pe cele pozitive. Ia întâi modulele, "
            "`np.abs`, și la numărător, și la numitor.",
            en="You added the weights with their signs, and negative ones cancelled positive ones. Take absolute "
            "values first, `np.abs`, in numerator and denominator.",
            wrong=(
                of_rows(lambda a, n: n.sum(1) / a.sum(1)),
                of_rows(lambda a, n: np.abs(n.sum(1)) / np.abs(a.sum(1))),
                of_rows(lambda a, n: n.sum(1) / np.abs(a).sum(1)),
                of_rows(lambda a, n: np.abs(n.sum(1)) / np.abs(a).sum(1)),
                of_rows(lambda a, n: n.sum(1)),
                of_rows(lambda a, n: np.abs(n).sum(1) / np.abs(a.sum(1))),
                of_rows(lambda a, n: np.abs(n).sum(1) / a.sum(1)),
            ),
        ),
        Mistake(
            "negatives-dropped",
            ro="Ai aruncat ponderile negative. Și ele contează, cu modulul lor.",
            en="You threw the negative weights away. They count too, with their absolute value.",
            wrong=of_rows(lambda a, n: np.maximum(n, 0).sum(1) / np.maximum(a, 0).sum(1)),
        ),
        Mistake(
            "not-divided",
            ro="Suma unui rând nu e mereu 1. Împarte la suma modulelor din rând.",
            en="Rows do not always sum to 1. Divide by the sum of the absolute values in the row.",
            wrong=of_rows(lambda a, n: np.abs(n).sum(1)),
        ),
        Mistake(
            "answer-share",
            ro="Asta e partea cheilor care nu sunt zgomot. `noise` e `True` acolo unde e zgomot.",
            en="That is the share of the keys that are not noise. `noise` is `True` where there is noise.",
            wrong=lambda weights, noise: noise_share(weights, ~noise),
        ),
        Mistake(
            "ratio",
            ro="Ai împărțit zgomotul la rest. O parte din întreg se împarte la tot rândul.",
            en="You divided the noise by the rest. A share of the whole is divided by the whole row.",
            wrong=lambda weights, noise: np.abs(weights[:, noise]).sum(1) / np.abs(weights[:, ~noise]).sum(1),
        ),
        Mistake(
            "whole-map",
            ro="Fiecare rând are partea lui: trebuie `T` numere, nu unul singur pentru toată harta.",
            en="Each row has its own share: `T` numbers are wanted, not one for the whole map.",
            wrong=(
                lambda weights, noise: np.full(len(weights), noise_share(weights, noise).mean()),
                lambda weights, noise: np.full(len(weights), np.abs(weights[:, noise]).sum() / np.abs(weights).sum()),
                lambda weights, noise: np.abs(weights[:, noise]).sum(1) / np.abs(weights).sum(),
            ),
        ),
        Mistake(
            "mean",
            ro="Ai luat media, nu suma: zgomotul se adună, oricât de puțin ar avea fiecare cheie.",
            en="You took the mean, not the sum: noise adds up, however little each key has.",
            wrong=(of_rows(lambda a, n: np.abs(n).sum(1) / max(n.shape[1], 1) / np.abs(a).sum(1)),
                   of_rows(lambda a, n: np.abs(n).sum(1) / max(n.shape[1], 1) / np.abs(a).mean(1)),
                   of_rows(lambda a, n: np.abs(n).sum(1) / np.abs(a).mean(1))),
        ),
        Mistake(
            "largest",
            ro="Ai luat cheia de zgomot cu ponderea cea mai mare. Se adună toate.",
            en="You took the noise key with the largest weight. Add them all.",
            wrong=lambda weights, noise: np.abs(weights * noise).max(1) / np.abs(weights).sum(1),
        ),
        Mistake(
            "counted",
            ro="Ai numărat cheile de zgomot. Ponderile lor nu apar în rezultat.",
            en="You counted the noise keys. Their weights do not appear in the result.",
            wrong=lambda weights, noise: np.full(len(weights), noise.mean()),
        ),
        Mistake(
            "squared",
            ro="Ai ridicat ponderile la pătrat. Măsura aceasta le ia modulul, `np.abs`.",
            en="You squared the weights. This measure takes their absolute value, `np.abs`.",
            wrong=of_rows(lambda a, n: (n**2).sum(1) / (a**2).sum(1)),
        ),
    ),
)


# 3. By how much the scores must grow


def scale_for(N, trained, bound):
    return 1 + np.log((N - 1) / (trained - 1)) / (2 * bound)


def scale_cases(rng: np.random.Generator) -> list[tuple]:
    cases = [(2, 2, 1.0), (3, 2, 1.0), (5, 3, 0.5), (64, 64, 2.0), (1024, 64, 2.0), (65, 64, 2.0), (513, 64, 1.5)]
    for _ in range(8):
        trained, N = sorted(int(n) for n in rng.integers(3, 300, size=2))
        cases.append((N, trained, round(float(rng.uniform(0.6, 5)), 1)))
    return cases


def grown(N, trained):
    return np.log((N - 1) / (trained - 1))


SCALE = Exercise(
    "09.scale",
    scale_for,
    scale_cases,
    (
        Mistake(
            "ratio-of-logs",
            ro="`log(N) / log(trained)` e regula aproximativă din text, aproape aceeași. Cerem factorul exact: "
            "pornește de la egalitatea celor două părți.",
            en="`log(N) / log(trained)` is the approximate rule of the text, nearly the same. The exact factor is "
            "asked for: start from the two shares being equal.",
            wrong=(lambda N, trained, bound: np.log(N) / np.log(trained),
                   lambda N, trained, bound: np.log(N - 1) / np.log(trained - 1) if trained > 2 else np.inf),
        ),
        Mistake(
            "counts-itself",
            ro="Cheile de zgomot sunt `N - 1`, respectiv `trained - 1`: răspunsul nu se numără printre ele.",
            en="The noise keys number `N - 1`, and `trained - 1`: the answer is not one of them.",
            wrong=lambda N, trained, bound: 1 + np.log(N / trained) / (2 * bound),
        ),
        Mistake(
            "no-one",
            ro="Acesta e doar adaosul. La `N = trained` factorul trebuie să fie 1.",
            en="That is only what is added. At `N = trained` the factor must be 1.",
            wrong=(lambda N, trained, bound: grown(N, trained) / (2 * bound),
                   lambda N, trained, bound: grown(N, trained) / bound,
                   lambda N, trained, bound: grown(N, trained)),
        ),
        Mistake(
            "once-the-bound",
            ro="Diferența dintre scoruri e `2 * bound`: când scorurile cresc, cresc amândouă capetele.",
            en="The gap between the scores is `2 * bound`: when scores grow, both ends grow.",
            wrong=(lambda N, trained, bound: 1 + grown(N, trained) / bound,
                   lambda N, trained, bound: 1 + np.log(N / trained) / bound),
        ),
        Mistake(
            "swapped",
            ro="Raportul e pe dos: un text mai lung cere scoruri mai mari.",
            en="The ratio is upside down: a longer text needs larger scores.",
            wrong=(lambda N, trained, bound: 1 - grown(N, trained) / (2 * bound),
                   lambda N, trained, bound: 1 / scale_for(N, trained, bound)),
        ),
        Mistake(
            "new-bound",
            ro="Ai întors marginea cea nouă sau diferența cea nouă. Cerem numărul cu care se înmulțesc scorurile.",
            en="You returned the new bound, or the new gap. The number that multiplies the scores is asked for.",
            wrong=(lambda N, trained, bound: bound * scale_for(N, trained, bound),
                   lambda N, trained, bound: 2 * bound * scale_for(N, trained, bound)),
        ),
        Mistake(
            "no-logarithm",
            ro="Lipsește logaritmul: scorurile se află la exponent.",
            en="The logarithm is missing: the scores stand in the exponent.",
            wrong=(lambda N, trained, bound: 1 + (N - 1) / (trained - 1) / (2 * bound),
                   lambda N, trained, bound: (N - 1) / (trained - 1),
                   lambda N, trained, bound: N / trained),
        ),
        Mistake(
            "multiplied",
            ro="Logaritmul se împarte la `2 * bound`; nu se înmulțește.",
            en="The logarithm is divided by `2 * bound`, not multiplied.",
            wrong=(lambda N, trained, bound: 1 + grown(N, trained) * 2 * bound,
                   lambda N, trained, bound: 1 + grown(N, trained) / 2 * bound),
        ),
        Mistake(
            "no-bound",
            ro="Factorul depinde și de margine: cine are scoruri mari de la început trebuie să le crească mai puțin.",
            en="The factor depends on the bound too: whoever starts from large scores must raise them less.",
            wrong=(lambda N, trained, bound: 1 + grown(N, trained), lambda N, trained, bound: 1 + grown(N, trained) / 2,
                   lambda N, trained, bound: 1 + np.log(N / trained)),
        ),
        Mistake(
            "base",
            ro="Logaritmul e cel natural, `np.log`, fiindcă softmax are baza `e`.",
            en="The logarithm is the natural one, `np.log`, since the base of softmax is `e`.",
            wrong=(lambda N, trained, bound: 1 + grown(N, trained) / np.log(2) / (2 * bound),
                   lambda N, trained, bound: 1 + grown(N, trained) / np.log(10) / (2 * bound)),
        ),
    ),
)


# 4. Softpick


def softpick(scores):
    top = np.maximum(scores.max(axis=-1, keepdims=True), 0)
    size = np.exp(scores - top) - np.exp(-top)
    total = np.abs(size).sum(axis=-1, keepdims=True)
    return np.maximum(size, 0) / np.where(total > 0, total, 1)


def pick_cases(rng: np.random.Generator) -> list[tuple]:
    cases = [np.array(rows) for rows in (
        [[2.0, 0.0, -1.0]], [[1.0]], [[0.0, 0.0]], [[-1.0, -2.0]], [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]],
        [[0.5, 0.5], [3.0, -3.0]],
    )]  # fmt: skip
    cases += [(scale * rng.normal(size=(T, N))).round(1) for T, N, scale in
              ((1, 3, 1), (2, 3, 1), (3, 2, 2), (3, 3, 1), (3, 5, 2), (4, 4, 1), (5, 8, 3), (8, 6, 1))]  # fmt: skip
    return [(case,) for case in (*cases, np.array([[800.0, 799.0, 2.0]]), np.array([[1.0, 0.5], [900.0, 900.5]]),
                                 np.array([[-900.0, 1.0], [-800.0, -1000.0]]))]  # fmt: skip


def picked(above, below):
    """Of the exponentials less one, what stands in the numerator and in the denominator, without the pitfalls."""

    def formula(scores):
        top = np.maximum(scores.max(axis=-1, keepdims=True), 0)
        size = np.exp(scores - top) - np.exp(-top)
        total = below(size, np.exp(-top), scores, top).sum(axis=-1, keepdims=True)
        return above(size, np.exp(-top), scores, top) / np.where(total != 0, total, 1)

    return formula


def shares_out(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def naive(scores):
    size = np.exp(scores) - 1
    total = np.abs(size).sum(axis=-1, keepdims=True)
    return np.maximum(size, 0) / np.where(total > 0, total, 1)


def undivided_rows(scores):
    """Right, but nan where a row is all zeros."""
    top = np.maximum(scores.max(axis=-1, keepdims=True), 0)
    size = np.exp(scores - top) - np.exp(-top)
    return np.maximum(size, 0) / np.abs(size).sum(axis=-1, keepdims=True)


def only_zero_rows(trials):
    failed = [trial for trial in trials if not trial.passed]
    return bool(failed) and all((trial.args[0] == 0).all(axis=-1).any() for trial in failed)


PICK = Exercise(
    "09.softpick",
    softpick,
    pick_cases,
    (
        Mistake(
            "shifted",
            ro="Ai scăzut maximul ca la softmax. Softpick nu e același după o deplasare: scade din scoruri maximul "
            "`m`, dar și din 1 rămâne atunci `exp(-m)`: `exp(s - m) - exp(-m)`.",
            en="You subtracted the maximum as for softmax. Softpick is not the same after a shift: subtract `m` from "
            "the scores, but the 1 then becomes `exp(-m)`: `exp(s - m) - exp(-m)`.",
            wrong=lambda scores: naive(scores - scores.max(axis=-1, keepdims=True)),
        ),
        Mistake(
            "zero-row",
            ro="Un rând numai cu scoruri 0 dă 0/0. Răspunsul cerut sunt zerouri: nimeni nu primește atenție.",
            en="A row with nothing but scores of 0 gives 0/0. Zeros are asked for: nobody gets attention.",
            wrong=undivided_rows,
            when=only_zero_rows,
        ),
        Mistake(
            "overflow",
            ro="La scoruri mari `exp(s)` depășește. Împarte numărătorul și numitorul la `exp(m)`, unde `m` e "
            "maximul rândului, dar cel puțin 0.",
            en="At large scores `exp(s)` overflows. Divide numerator and denominator by `exp(m)`, where `m` is the "
            "row's maximum, but at least 0.",
            wrong=naive,
            when=overflows_and_no_more,
        ),
        Mistake(
            "positive-below",
            ro="La numitor ai adunat numai ce e peste zero, deci suma unui rând e 1. Acolo intră modulele tuturor, "
            "`|exp(s) - 1|`.",
            en="In the denominator you added only what lies above zero, so rows sum to 1. All of them belong there, "
            "`|exp(s) - 1|`.",
            wrong=(picked(lambda a, e, s, m: np.maximum(a, 0), lambda a, e, s, m: np.maximum(a, 0)),
                   lambda s: (w := softpick(s)) / np.where((t := w.sum(axis=-1, keepdims=True)) > 0, t, 1)),
        ),
        Mistake(
            "signed-below",
            ro="La numitor ai adunat cu semn. Ia modulele, `np.abs`.",
            en="In the denominator you added with signs. Take absolute values, `np.abs`.",
            wrong=picked(lambda a, e, s, m: np.maximum(a, 0), lambda a, e, s, m: a),
        ),
        Mistake(
            "negatives-kept",
            ro="Ponderile de sub zero au rămas. Softpick le face exact zero: `np.maximum(..., 0)`.",
            en="Weights below zero are still there. Softpick makes them exactly zero: `np.maximum(..., 0)`.",
            wrong=(picked(lambda a, e, s, m: a, lambda a, e, s, m: np.abs(a)),
                   picked(lambda a, e, s, m: np.abs(a), lambda a, e, s, m: np.abs(a))),
        ),
        Mistake(
            "softmax",
            ro="Acesta e softmax: lipsește scăderea lui 1 din fiecare exponențială.",
            en="That is softmax: the 1 is not subtracted from each exponential.",
            wrong=(shares_out, lambda s: shares_out(s) * (s > 0),
                   lambda s: shares_out(np.maximum(s, 0))),
        ),
        Mistake(
            "one-only-above",
            ro="Ai scăzut 1 numai la numărător. La numitor e tot `exp(s) - 1`, în modul.",
            en="You subtracted 1 only in the numerator. In the denominator it is `exp(s) - 1` too, in absolute value.",
            wrong=(picked(lambda a, e, s, m: np.maximum(a, 0), lambda a, e, s, m: np.exp(s - m)),
                   lambda s: np.maximum(np.exp(s - (m := np.maximum(s.max(axis=-1, keepdims=True), 0))) - np.exp(-m), 0)
                   / np.exp(s - m).sum(axis=-1, keepdims=True)),
        ),
        Mistake(
            "one-only-below",
            ro="Ai scăzut 1 numai la numitor. La numărător e tot `exp(s) - 1`, făcut 0 unde e negativ.",
            en="You subtracted 1 only in the denominator. In the numerator it is `exp(s) - 1` too, 0 where negative.",
            wrong=picked(lambda a, e, s, m: np.exp(s - m) * (s > 0), lambda a, e, s, m: np.abs(a)),
        ),
        Mistake(
            "no-exponential",
            ro="Ai împărțit chiar scorurile. Ele trec întâi prin exponențială.",
            en="You shared out the scores themselves. They go through the exponential first.",
            wrong=lambda s: np.maximum(s, 0) / np.where((t := np.abs(s).sum(axis=-1, keepdims=True)) > 0, t, 1),
        ),
        Mistake(
            "whole-table",
            ro="Ai împărțit la suma întregului tabel. Fiecare rând se împarte separat: `axis=-1`, `keepdims=True`.",
            en="You divided by the sum of the whole table. Each row is shared out on its own: `axis=-1`, "
            "`keepdims=True`.",
            wrong=lambda s: np.maximum(a := np.exp(s - max(s.max(), 0)) - np.exp(-max(s.max(), 0)), 0)
            / (np.abs(a).sum() or 1),
        ),
        Mistake(
            "global-max",
            ro="Ai scăzut maximul întregului tabel. Un rând aflat mult sub el se stinge. Fiecare rând are maximul lui.",
            en="You subtracted the maximum of the whole table. A row far below it dies out. Each row has its own "
            "maximum.",
            wrong=lambda s: np.maximum(a := np.exp(s - max(s.max(), 0)) - np.exp(-max(s.max(), 0)), 0)
            / np.where((t := np.abs(a).sum(axis=-1, keepdims=True)) > 0, t, 1),
        ),
        Mistake(
            "wrong-axis",
            ro="Ai împărțit pe coloane. O interogare e un rând: ultima axă.",
            en="You shared out down the columns. A query is a row: the last axis.",
            wrong=lambda s: softpick(s.T).T,
        ),
    ),
    tolerance=1e-5,
)

EXERCISES = (BEST, SCALE, PICK, NOISE)
