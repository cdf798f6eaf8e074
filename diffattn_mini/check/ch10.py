"""Chapter 10: the differential amplifier."""

from collections.abc import Callable

import numpy as np

from .engine import Exercise
from .mistakes import Mistake

# 1. What a real amplifier gives


def amplifier(u1, u2, gain, cmrr):
    common_gain = gain / 10 ** (cmrr / 20)
    return gain * (u1 - u2) + common_gain * (u1 + u2) / 2


def amplifier_cases(rng: np.random.Generator) -> list[tuple]:
    one, two = np.array([3.0]), np.array([1.0])
    cases = [(one, two, gain, cmrr) for gain, cmrr in ((1.0, 20.0), (2.0, 40.0), (100.0, 0.0), (0.5, 6.0), (1.0, 60.0))]
    cases += [(two, two, 10.0, 20.0), (one, -one, 4.0, 20.0), (one, 0 * one, 3.0, 14.0), (-one, two, 1.0, -20.0)]
    for n in (2, 3, 5, 8):
        u1, u2 = rng.normal(scale=5, size=(2, n)).round(1)
        cases.append((u1, u2, float(rng.integers(2, 50)), float(rng.integers(5, 70))))
    return cases


def amplified(common_gain: Callable, common: Callable = lambda u1, u2: (u1 + u2) / 2) -> Callable:
    return lambda u1, u2, gain, cmrr: gain * (u1 - u2) + common_gain(gain, cmrr) * common(u1, u2)


AMPLIFIER = Exercise(
    "10.amplifier",
    amplifier,
    amplifier_cases,
    (
        Mistake(
            "power-decibels",
            ro="Ai împărțit decibelii la 10. CMRR compară tensiuni, nu puteri: un factor de 10 înseamnă 20 dB.",
            en="You divided the decibels by 10. The CMRR compares voltages, not powers: a factor of 10 is 20 dB.",
            wrong=amplified(lambda gain, cmrr: gain / 10 ** (cmrr / 10)),
        ),
        Mistake(
            "not-decibels",
            ro="CMRR vine în decibeli. Află întâi de câte ori: 10 la puterea CMRR/20.",
            en="The CMRR comes in decibels. First find how many times that is: 10 to the power CMRR/20.",
            wrong=(
                amplified(lambda gain, cmrr: gain / (cmrr or np.nan)),
                amplified(lambda gain, cmrr: gain / (cmrr / 20 or np.nan)),
                amplified(lambda gain, cmrr: gain / np.exp(cmrr / 20)),
                amplified(lambda gain, cmrr: gain / 2 ** (cmrr / 20)),
            ),
        ),
        Mistake(
            "multiplied",
            ro="La tine partea comună crește odată cu CMRR, iar ea trebuie să scadă. Împarte la el amplificarea.",
            en="In your answer the common part grows with the CMRR, where it should shrink. Divide the gain by it.",
            wrong=amplified(lambda gain, cmrr: gain * 10 ** (cmrr / 20)),
        ),
        Mistake(
            "sum",
            ro="Partea comună e media celor două tensiuni, nu suma lor: mai e de împărțit la 2.",
            en="The common part is the mean of the two voltages, not their sum: it is still to be divided by 2.",
            wrong=amplified(lambda gain, cmrr: gain / 10 ** (cmrr / 20), lambda u1, u2: u1 + u2),
        ),
        Mistake(
            "ideal",
            ro="Partea comună lipsește din rezultat. Un amplificator real o lasă să treacă, slăbită.",
            en="The common part is missing from the result. A real amplifier lets it through, weakened.",
            wrong=(lambda u1, u2, gain, cmrr: gain * (u1 - u2), lambda u1, u2, gain, cmrr: u1 - u2),
        ),
        Mistake(
            "gain-forgotten",
            ro="Amplificarea părții comune e amplificarea diferenței împărțită la raport, nu 1 împărțit la raport.",
            en="The gain of the common part is the gain of the difference over the ratio, not 1 over the ratio.",
            wrong=(
                amplified(lambda gain, cmrr: 1 / 10 ** (cmrr / 20)),
                lambda u1, u2, gain, cmrr: (u1 - u2) + (u1 + u2) / 2 / 10 ** (cmrr / 20),
                lambda u1, u2, gain, cmrr: (u1 - u2) + gain * (u1 + u2) / 2 / 10 ** (cmrr / 20),
            ),
        ),
        Mistake(
            "subtracted",
            ro="Partea comună se adună la ieșire. Tu ai scăzut-o.",
            en="The common part is added to the output. You subtracted it.",
            wrong=lambda u1, u2, gain, cmrr: gain * (u1 - u2) - gain / 10 ** (cmrr / 20) * (u1 + u2) / 2,
        ),
        Mistake(
            "swapped-inputs",
            ro="Ai scăzut prima tensiune din a doua. Diferența e `u1 - u2`.",
            en="You subtracted the first voltage from the second. The difference is `u1 - u2`.",
            wrong=(
                lambda u1, u2, gain, cmrr: amplifier(u2, u1, gain, cmrr),
                lambda u1, u2, gain, cmrr: gain * (u2 - u1),
            ),
        ),
        Mistake(
            "half-difference",
            ro="Ai înjumătățit diferența. Numai media are împărțirea la 2; diferența e întreagă, `u1 - u2`.",
            en="You halved the difference. Only the mean has the division by 2; the difference is whole, `u1 - u2`.",
            wrong=lambda u1, u2, gain, cmrr: amplifier(u1, u2, gain, cmrr) - gain * (u1 - u2) / 2,
        ),
    ),
)

# 2. The common-mode rejection ratio of two gains


def rejection(g1, g2):
    return 20 * np.log10(abs((g1 + g2) / 2) / abs(g1 - g2))


def rejection_cases(rng: np.random.Generator) -> list[tuple]:
    fixed = [(1.0, 0.9), (0.9, 1.0), (1.0, 0.99), (100.0, 99.0), (2.0, 1.0), (1.0, 0.0), (1.0, 3.0), (1.0, 0.999),
             (-1.0, -0.9), (5.0, -4.0)]  # fmt: skip
    drawn = rng.uniform(0.5, 20, size=(6, 2)).round(2)
    return [*fixed, *((float(a), float(a - 0.05 - abs(a - b))) for a, b in drawn)]


def decibels(of: Callable) -> Callable:
    return lambda g1, g2: 20 * np.log10(np.float64(of(g1, g2)))


def ratio(g1, g2):
    return abs((g1 + g2) / 2) / abs(g1 - g2)


REJECTION = Exercise(
    "10.rejection",
    rejection,
    rejection_cases,
    (
        Mistake(
            "power-decibels",
            ro="Ai folosit 10 în loc de 20. Raportul e între amplificări de tensiune: decibelii sunt 20 log₁₀.",
            en="You used 10 instead of 20. The ratio is one of voltage gains: decibels are 20 log₁₀.",
            wrong=lambda g1, g2: 10 * np.log10(ratio(g1, g2)),
        ),
        Mistake(
            "natural-logarithm",
            ro="Decibelii cer logaritmul zecimal, `np.log10`; `np.log` e cel natural, `np.log2` cel binar.",
            en="Decibels take the decimal logarithm, `np.log10`; `np.log` is natural and `np.log2` binary.",
            wrong=(
                lambda g1, g2: 20 * np.log(ratio(g1, g2)),
                lambda g1, g2: 20 * np.log2(ratio(g1, g2)),
                lambda g1, g2: np.log(ratio(g1, g2)),
                lambda g1, g2: 10 * np.log(ratio(g1, g2)),
            ),
        ),
        Mistake(
            "no-decibels",
            ro="Ai întors raportul, sau numai logaritmul lui. În decibeli e 20 log₁₀ din raport.",
            en="You returned the ratio, or just its logarithm. In decibels it is 20 log₁₀ of the ratio.",
            wrong=(ratio, lambda g1, g2: np.log10(ratio(g1, g2))),
        ),
        Mistake(
            "inverted",
            ro="Raportul e răsturnat: cât de mult e întărită diferența stă deasupra, partea comună dedesubt.",
            en="The ratio is upside down: the gain of the difference stands above, that of the common part below.",
            wrong=(
                lambda g1, g2: -20 * np.log10(ratio(g1, g2)),
                decibels(lambda g1, g2: abs((g1 - g2) / 2) / abs(g1 + g2)),
                decibels(lambda g1, g2: abs(g1 - g2) / abs(g1 + g2)),
                lambda g1, g2: -10 * np.log10(ratio(g1, g2)),
            ),
        ),
        Mistake(
            "factor-of-two",
            ro="S-a rătăcit un factor de 2: diferența e amplificată cu media lui `g1` și `g2`, partea comună cu "
            "diferența lor întreagă.",
            en="A factor of 2 has gone astray: the difference is amplified by the mean of `g1` and `g2`, the common "
            "part by their whole difference.",
            wrong=decibels(lambda g1, g2: abs(g1 + g2) / abs(g1 - g2)),
        ),
        Mistake(
            "one-gain",
            ro="Deasupra ai pus o singură amplificare. Diferența e întărită cu media celor două.",
            en="Above the line you put one of the gains. The difference is amplified by the mean of both.",
            wrong=(
                decibels(lambda g1, g2: abs(g1) / abs(g1 - g2)),
                decibels(lambda g1, g2: g1 / abs(g1 - g2)),
                decibels(lambda g1, g2: g2 / abs(g1 - g2)),
                decibels(lambda g1, g2: g1 / (g1 - g2)),
                decibels(lambda g1, g2: abs(g2) / abs(g1 - g2)),
                decibels(lambda g1, g2: max(abs(g1), abs(g2)) / abs(g1 - g2)),
                decibels(lambda g1, g2: 1 / abs(g1 - g2)),
            ),
        ),
        Mistake(
            "ratio-of-gains",
            ro="Ai împărțit o amplificare la alta. CMRR împarte amplificarea diferenței la cea a părții comune.",
            en="You divided one gain by the other. The CMRR is a ratio too, but of the gain of the difference and "
            "that of the common part.",
            wrong=(decibels(lambda g1, g2: abs(g1) / abs(g2) if g2 else np.inf),
                   decibels(lambda g1, g2: abs(g2) / abs(g1))),  # fmt: skip
        ),
        Mistake(
            "sign",
            ro="`g1` poate fi mai mic decât `g2`, iar logaritmul nu primește numere negative. Ia valorile absolute.",
            en="`g1` may be smaller than `g2`, and a logarithm takes no negative number. Take absolute values.",
            wrong=(
                decibels(lambda g1, g2: (g1 + g2) / 2 / (g1 - g2)),
                decibels(lambda g1, g2: (g1 + g2) / 2 / abs(g1 - g2)),
                decibels(lambda g1, g2: abs(g1 + g2) / 2 / (g1 - g2)),
            ),
        ),
    ),
    tolerance=1e-5,
)

# 3. Four resistors


def four_resistors(v1, v2, r1, r2, r3, r4):
    plus = v1 * r4 / (r3 + r4)
    return plus + (plus - v2) * r2 / r1


def four_resistors_cases(rng: np.random.Generator) -> list[tuple]:
    equal = (10.0, 10.0, 10.0, 10.0)
    cases = [(v1, v2, *equal) for v1, v2 in ((1, 3), (3, 1), (2, 2), (0, 1), (1, 0), (-2, 0.5))]
    cases += [(1.0, 2.0, 1.0, 10.0, 1.0, 10.0), (1.0, 2.0, 10.0, 1.0, 10.0, 1.0), (1.0, 1.0, 10.0, 10.1, 10.0, 9.9),
              (0.0, 1.0, 1.0, 2.0, 3.0, 4.0), (1.0, 0.0, 1.0, 2.0, 3.0, 4.0), (1.5, -0.5, 2.0, 5.0, 3.0, 7.0)]
    for _ in range(5):
        cases.append((*rng.normal(size=2).round(1), *rng.uniform(1, 20, size=4).round(1)))
    return [tuple(map(float, case)) for case in cases]


FOUR = Exercise(
    "10.four-resistors",
    four_resistors,
    four_resistors_cases,
    (
        Mistake(
            "matched",
            ro="Formula aceasta e numai pentru rezistoare împerecheate, R₂/R₁ = R₄/R₃. Aici pot fi oricare.",
            en="That formula is only for matched resistors, R₂/R₁ = R₄/R₃. Here they may be any.",
            wrong=(
                lambda v1, v2, r1, r2, r3, r4: (v1 - v2) * r2 / r1,
                lambda v1, v2, r1, r2, r3, r4: v1 * r4 / r3 - v2 * r2 / r1,
                lambda v1, v2, r1, r2, r3, r4: (v1 - v2) * r4 / r3,
                lambda v1, v2, r1, r2, r3, r4: v1 - v2,
                lambda v1, v2, r1, r2, r3, r4: (v2 - v1) * r2 / r1,
            ),
        ),
        Mistake(
            "wrong-divider",
            ro="Intrării plus îi revine partea de pe R₄, rezistorul dinspre masă: fracția e R₄/(R₃ + R₄).",
            en="The plus input gets what lies on R₄, the one towards ground: the fraction is R₄/(R₃ + R₄).",
            wrong=(
                lambda v1, v2, r1, r2, r3, r4: four_resistors(v1, v2, r1, r2, r4, r3),
                lambda v1, v2, r1, r2, r3, r4: v1 * r4 / r3 * (1 + r2 / r1) - v2 * r2 / r1,
                lambda v1, v2, r1, r2, r3, r4: v1 * r3 / r4 * (1 + r2 / r1) - v2 * r2 / r1,
            ),
        ),
        Mistake(
            "no-one",
            ro="Tensiunea de la plus e întărită de 1 + R₂/R₁ ori, nu de R₂/R₁ ori și nici o dată.",
            en="The voltage at plus is amplified 1 + R₂/R₁ times, neither R₂/R₁ times nor once.",
            wrong=(
                lambda v1, v2, r1, r2, r3, r4: v1 * r4 / (r3 + r4) * r2 / r1 - v2 * r2 / r1,
                lambda v1, v2, r1, r2, r3, r4: v1 * r4 / (r3 + r4) - v2 * r2 / r1,
            ),
        ),
        Mistake(
            "no-divider",
            ro="V₁ nu ajunge întreagă la intrarea plus: R₃ și R₄ o împart.",
            en="V₁ does not reach the plus input whole: R₃ and R₄ divide it.",
            wrong=(
                lambda v1, v2, r1, r2, r3, r4: v1 * (1 + r2 / r1) - v2 * r2 / r1,
                lambda v1, v2, r1, r2, r3, r4: v1 * r4 / (r3 + r4) - (v2 - v1) * r2 / r1,
            ),
        ),
        Mistake(
            "inverted",
            ro="Amplificarea e R₂/R₁, rezistorul de la ieșire împărțit la cel de la intrare. Ai scris invers.",
            en="The gain is R₂/R₁, the resistor at the output over the one at the input. You wrote it upside down.",
            wrong=lambda v1, v2, r1, r2, r3, r4: four_resistors(v1, v2, r2, r1, r3, r4),
        ),
        Mistake(
            "swapped-inputs",
            ro="V₂ intră la minus, deci se scade; V₁ intră la plus. Le-ai schimbat între ele.",
            en="V₂ goes to minus, so it is subtracted; V₁ goes to plus. You exchanged the two.",
            wrong=(
                lambda v1, v2, r1, r2, r3, r4: four_resistors(v2, v1, r1, r2, r3, r4),
                lambda v1, v2, r1, r2, r3, r4: -four_resistors(v1, v2, r1, r2, r3, r4),
            ),
        ),
        Mistake(
            "added",
            ro="Un semn e pe dos: curentul care trece prin R₁ și R₂ coboară tensiunea, deci R₂(V₂ − V₊)/R₁ se scade.",
            en="A sign is reversed: the current through R₁ and R₂ lowers the voltage, so R₂(V₂ − V₊)/R₁ is subtracted.",
            wrong=(
                lambda v1, v2, r1, r2, r3, r4: v1 * r4 / (r3 + r4) * (1 + r2 / r1) + v2 * r2 / r1,
                lambda v1, v2, r1, r2, r3, r4: v1 * r4 / (r3 + r4) * (1 - r2 / r1) + v2 * r2 / r1,
            ),
        ),
        Mistake(
            "minus-whole",
            ro="V₂ e înmulțită cu R₂/R₁, fără 1: prin R₁ trece (V₂ − V₊)/R₁, iar V₊ ai pus-o deja la socoteală.",
            en="V₂ is multiplied by R₂/R₁, without the 1: through R₁ flows (V₂ − V₊)/R₁, and V₊ is accounted for.",
            wrong=(
                lambda v1, v2, r1, r2, r3, r4: (v1 * r4 / (r3 + r4) - v2) * (1 + r2 / r1),
                lambda v1, v2, r1, r2, r3, r4: v1 * r4 / (r3 + r4) * (1 + r2 / r1) - v2,
            ),
        ),
        Mistake(
            "only-plus",
            ro="În rezultat lipsește V₂. Și ea mișcă ieșirea, prin R₁ și R₂.",
            en="V₂ is missing from the result. It moves the output too, through R₁ and R₂.",
            wrong=(
                lambda v1, v2, r1, r2, r3, r4: v1 * r4 / (r3 + r4) * (1 + r2 / r1),
                lambda v1, v2, r1, r2, r3, r4: v1 * r4 / (r3 + r4),
            ),
        ),
    ),
)

# 4. The lambda that leaves the least noise


def best_lambda(noise1, noise2):
    return (noise1 * noise2).sum() / (noise2**2).sum()


def best_lambda_cases(rng: np.random.Generator) -> list[tuple]:
    pairs = [([2, 0], [4, 1]), ([3, 1], [1, 2]), ([1, 2, 3], [2, 4, 6]), ([1, -1], [1, 3]), ([-2, -1], [1, 2]),
             ([6, 9], [2, 3]), ([0, 0], [1, 2]), ([1, 2], [0, 5]), ([5, 5, 5], [1, 2, 3]), ([1, 0, 0], [1, 1, 2]),
             ([2, 1, 0], [3, 1, 1])]  # fmt: skip
    cases = [(np.array(a, dtype=float), np.array(b, dtype=float)) for a, b in pairs]
    for n, rho, level in ((4, 0.9, 0.0), (6, 0.5, 1.0), (8, -0.6, 0.5), (10, 0.0, 2.0), (30, 0.9, 3.0)):
        second = rng.normal(size=n)
        first = rho * second + (1 - rho**2) ** 0.5 * rng.normal(size=n)
        cases.append(((1.5 * first + level).round(1), (second + 0.7 * level).round(1)))
    return cases


def slope_with_intercept(noise1, noise2):
    second = noise2 - noise2.mean()
    return (noise1 - noise1.mean()) @ second / (second @ second)


def on_grid(lams: np.ndarray) -> Callable:
    return lambda noise1, noise2: lams[((noise1[:, None] - lams * noise2[:, None]) ** 2).sum(axis=0).argmin()]


BEST = Exercise(
    "10.best-lambda",
    best_lambda,
    best_lambda_cases,
    (
        Mistake(
            "inverted",
            ro="Ai împărțit la energia zgomotului întâi. Se scade al doilea, deci sub fracție stă suma pătratelor lui.",
            en="You divided by the energy of the first noise. The second is subtracted, so its squares stand below.",
            wrong=lambda noise1, noise2: noise1 @ noise2 / np.float64(noise1 @ noise1),
        ),
        Mistake(
            "correlation",
            ro="Ai calculat corelația, sau cosinusul. Ea nu știe de câte ori e mai puternic un zgomot decât celălalt.",
            en="You computed the correlation, or the cosine. It does not know how much stronger one noise is.",
            wrong=(
                lambda noise1, noise2: noise1 @ noise2 / np.float64(np.sqrt((noise1 @ noise1) * (noise2 @ noise2))),
                lambda noise1, noise2: ((noise1 - noise1.mean()) @ (noise2 - noise2.mean())
                                        / np.float64(len(noise1) * noise1.std() * noise2.std())),
            ),
        ),
        Mistake(
            "centred",
            ro="Ai scăzut mediile. Aici și nivelul mediu e zgomot de scăzut: lucrează cu numerele așa cum sunt.",
            en="You subtracted the means. Here the mean level is noise as well: take the numbers as they are.",
            wrong=(
                slope_with_intercept,
                lambda noise1, noise2: np.cov(noise1, noise2)[0, 1] / noise2.var(),
                lambda noise1, noise2: ((noise1 - noise1.mean()) @ (noise2 - noise2.mean())
                                        / np.float64(max(len(noise1) - 1, 0) * noise2.var())),
            ),
        ),
        Mistake(
            "not-divided",
            ro="Suma produselor trebuie împărțită la suma pătratelor zgomotului al doilea.",
            en="The sum of products is to be divided by the sum of squares of the second noise.",
            wrong=(
                lambda noise1, noise2: noise1 @ noise2,
                lambda noise1, noise2: (noise1 * noise2).mean(),
                lambda noise1, noise2: (noise1 * noise2).mean() / (noise2**2).sum(),
                lambda noise1, noise2: noise1 @ noise2 / noise2 @ noise2,
                lambda noise1, noise2: (noise1 * noise2).sum() / (noise2**2).mean(),
            ),
        ),
        Mistake(
            "factor-of-two",
            ro="S-a rătăcit un factor de 2. La derivare apare de două ori și se simplifică.",
            en="A factor of 2 has gone astray. In the derivative it appears twice and cancels.",
            wrong=(
                lambda noise1, noise2: 2 * best_lambda(noise1, noise2),
                lambda noise1, noise2: best_lambda(noise1, noise2) / 2,
            ),
        ),
        Mistake(
            "no-squares",
            ro="Ai împărțit sume sau mărimi fără produse ori pătrate. Derivează suma pătratelor (n₁ − λ n₂)² și pune "
            "derivata egală cu zero.",
            en="You divided sums or sizes without products or squares. Write the derivative of the sum of "
            "(n₁ − λ n₂)² and set it to zero.",
            wrong=(
                lambda noise1, noise2: noise1.sum() / noise2.sum(),
                lambda noise1, noise2: (noise1 / noise2).mean(),
                lambda noise1, noise2: np.linalg.norm(noise1) / np.linalg.norm(noise2),
                lambda noise1, noise2: np.abs(noise1).sum() / np.abs(noise2).sum(),
                lambda noise1, noise2: noise1.std() / noise2.std(),
                lambda noise1, noise2: (noise1 * noise2).sum() / noise2.sum(),
                lambda noise1, noise2: (noise1 * noise2).sum() / np.linalg.norm(noise2),
                lambda noise1, noise2: (noise1 * noise2).sum() / noise2.sum() ** 2,
            ),
        ),
        Mistake(
            "clipped",
            ro="Ai ținut λ într-un interval. Cel mai bun λ poate fi negativ sau peste 1; nu-l tăia.",
            en="You kept λ within a range. The best λ may be negative or above 1; do not clip it.",
            wrong=(
                lambda noise1, noise2: np.clip(best_lambda(noise1, noise2), 0, 1),
                lambda noise1, noise2: max(best_lambda(noise1, noise2), 0),
                lambda noise1, noise2: min(best_lambda(noise1, noise2), 1),
                lambda noise1, noise2: abs(best_lambda(noise1, noise2)),
                lambda noise1, noise2: np.clip(best_lambda(noise1, noise2), -1, 1),
            ),
        ),
        Mistake(
            "sign",
            ro="Semnul e pe dos: λ n₂ se scade, deci un zgomot comun cere un λ pozitiv.",
            en="The sign is reversed: λ n₂ is subtracted, so a shared noise asks for a positive λ.",
            wrong=lambda noise1, noise2: -best_lambda(noise1, noise2),
        ),
        Mistake(
            "grid",
            ro="Ai căutat pe o grilă, deci λ iese rotunjit sau rămâne între capetele ei. Formula e exactă.",
            en="You searched on a grid, so λ comes out rounded or stays between its ends. The formula is exact.",
            wrong=tuple(
                on_grid(np.linspace(low, high, points))
                for low, high, points in ((0, 1, 101), (0, 1.2, 121), (0, 2, 201), (0, 1.5, 151),
                                          (-1, 1, 201), (0, 1, 11), (0, 1, 21))
            ),
        ),
    ),
)

EXERCISES = (AMPLIFIER, REJECTION, FOUR, BEST)
