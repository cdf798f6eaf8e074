"""Chapter 14b: the Fragile Principle, gradients that oppose each other and pictures that deceive."""

from collections.abc import Callable

import numpy as np

from .engine import Exercise
from .mistakes import Mistake

# 1. One step of PGD


def pgd_step(start, moved, slope, strength):
    step = moved + strength / 4 * np.sign(slope)
    return np.clip(step, np.maximum(start - strength, 0), np.minimum(start + strength, 1))


def step_cases(rng: np.random.Generator) -> list[tuple]:
    fixed = [
        ([0.5], [0.5], [0.3], 0.2),  # up
        ([0.5], [0.5], [-7.0], 0.2),  # down
        ([0.5], [0.52], [0.0], 0.2),  # where nothing grows, nothing moves
        ([0.5], [0.69], [0.002], 0.2),  # stopped above
        ([0.5], [0.31], [-0.002], 0.2),  # stopped below
        ([0.9], [0.98], [2.0], 0.2),  # white
        ([0.1], [0.02], [-2.0], 0.2),  # black
        ([0.0, 1.0], [0.0, 1.0], [-1.0, 1.0], 0.1),
        ([0.4, 0.6, 0.95, 0.05], [0.45, 0.55, 0.99, 0.02], [1.0, -1.0, 1.0, -1.0], 0.05),
        ([0.4, 0.6, 0.95, 0.05], [0.42, 0.58, 0.93, 0.06], [-2e-5, 3e-5, 0.0, 1e-5], 0.04),  # of a mean: as good
    ]
    cases = [(*(np.array(x) for x in case[:3]), case[3]) for case in fixed]
    for shape in [(3,), (5,), (8,), (16,), (4, 4), (2, 3, 3), (8, 8)]:
        start = rng.choice([0, 0.0625, 0.5, 0.75, 1], shape) if shape[0] != 3 else rng.uniform(size=shape).round(2)
        strength = round(rng.uniform(0.02, 0.3), 3)
        moved = np.clip(start + strength * rng.choice([-1, -0.9, -0.3, 0, 0.4, 0.95, 1], shape), 0, 1)
        slope = rng.normal(size=shape).round(2) * rng.choice([1e-3, 1.0, 20.0])
        slope[rng.random(shape) < 0.2] = 0
        cases.append((start, moved, slope, strength))
    return cases


def within(step: Callable) -> Callable:
    """A step of another kind, brought back as it should be."""

    def answer(start, moved, slope, strength):
        low, high = np.maximum(start - strength, 0), np.minimum(start + strength, 1)
        return np.clip(step(start, moved, slope, strength), low, high)

    return answer


def raw(moved, slope, strength):
    return moved + strength / 4 * np.sign(slope)


STEP = Exercise(
    "14b.pgd-step",
    pgd_step,
    step_cases,
    (
        Mistake(
            "no-sign",
            ro="Ai mers cu gradientul însuși. Ia-i numai semnul: fiecare pixel se mută cu un sfert din putere, oricât "
            "de mic ar fi gradientul lui.",
            en="You moved by the gradient itself. Take its sign alone: every pixel moves by a quarter of the strength, "
            "however small its gradient.",
            wrong=(
                within(lambda start, moved, slope, strength: moved + strength / 4 * slope),
                within(lambda start, moved, slope, strength: moved + slope),
                within(lambda start, moved, slope, strength: moved + strength / 4 * slope
                       / max(np.linalg.norm(slope), 1e-12)),
                lambda start, moved, slope, strength: moved + strength / 4 * slope,
            ),
        ),
        Mistake(
            "descends",
            ro="Ai mers în sensul în care pierderea scade, ca la antrenare. Adversarul vrea să crească: adună semnul.",
            en="You moved the way the loss falls, as training does. The adversary wants it to grow: add the sign.",
            wrong=(
                within(lambda start, moved, slope, strength: moved - strength / 4 * np.sign(slope)),
                lambda start, moved, slope, strength: moved - strength / 4 * np.sign(slope),
            ),
        ),
        Mistake(
            "no-projection",
            ro="Pixelii pot ajunge prea departe. După pas, readu-i la cel mult `strength` față de `start`.",
            en="Pixels may end up too far away. After the step, bring them back to at most `strength` from `start`.",
            wrong=(
                lambda start, moved, slope, strength: np.clip(raw(moved, slope, strength), 0, 1),
                lambda start, moved, slope, strength: np.clip(
                    np.clip(raw(moved, slope, strength), moved - strength, moved + strength), 0, 1),
                lambda start, moved, slope, strength: np.clip(
                    raw(np.clip(moved, start - strength, start + strength), slope, strength), 0, 1),
            ),
        ),
        Mistake(
            "no-clamp",
            ro="Un pixel al tău a ieșit din [0, 1], unde nu mai e nicio nuanță de gri. Taie ce trece peste 1 sau "
            "sub 0.",
            en="A pixel of yours has left [0, 1], where there is no shade of grey any more. Cut what lies above 1 or "
            "below 0.",
            wrong=(
                lambda start, moved, slope, strength: np.clip(
                    raw(moved, slope, strength), start - strength, start + strength),
                lambda start, moved, slope, strength: np.clip(np.clip(
                    raw(moved, slope, strength), start - strength, start + strength), -1, 1),
                lambda start, moved, slope, strength: np.clip(
                    raw(moved, slope, strength), start - strength, np.minimum(start + strength, 1)),
                lambda start, moved, slope, strength: np.clip(
                    raw(moved, slope, strength), np.maximum(start - strength, 0), start + strength),
            ),
        ),
        Mistake(
            "not-brought-back",
            ro="Ai făcut pasul, dar n-ai mai readus pixelii: cel mult `strength` față de `start`, și în [0, 1].",
            en="You made the step and did not bring the pixels back: at most `strength` from `start`, and in [0, 1].",
            wrong=lambda start, moved, slope, strength: raw(moved, slope, strength),
        ),
        Mistake(
            "one-side",
            ro="Ai oprit pixelii numai într-o parte. Pot ajunge prea departe și în sus, și în jos.",
            en="You stopped the pixels on one side alone. They may go too far upwards and downwards.",
            wrong=(
                lambda start, moved, slope, strength: np.clip(
                    np.minimum(raw(moved, slope, strength), start + strength), 0, 1),
                lambda start, moved, slope, strength: np.clip(
                    np.maximum(raw(moved, slope, strength), start - strength), 0, 1),
            ),
        ),
        Mistake(
            "whole-step",
            ro="Pasul are lungimea nepotrivită: un sfert din `strength`.",
            en="The step has the wrong size: a quarter of `strength`.",
            wrong=(
                within(lambda start, moved, slope, strength: moved + strength * np.sign(slope)),
                within(lambda start, moved, slope, strength: moved + strength / 2 * np.sign(slope)),
                within(lambda start, moved, slope, strength: moved + 0.25 * np.sign(slope)),
                within(lambda start, moved, slope, strength: moved + np.sign(slope)),
            ),
        ),
        Mistake(
            "from-start",
            ro="Ai pornit din nou de la imaginea curată. Pasul pleacă de unde a ajuns atacul, `moved`.",
            en="You started from the clean picture again. The step leaves from where the attack is, `moved`.",
            wrong=within(lambda start, moved, slope, strength: start + strength / 4 * np.sign(slope)),
        ),
        Mistake(
            "zero-moves",
            ro="Unde gradientul e zero, pixelul rămâne pe loc; la tine se mută și el.",
            en="Where the gradient is zero the pixel stays where it is; yours moves.",
            wrong=(
                within(lambda start, moved, slope, strength: moved + strength / 4 * np.where(slope >= 0, 1, -1)),
                within(lambda start, moved, slope, strength: moved + strength / 4 * np.where(slope > 0, 1, -1)),
            ),
        ),
        Mistake(
            "the-change",
            ro="Ai întors schimbarea, nu imaginea schimbată.",
            en="You returned the change, not the changed picture.",
            wrong=(
                lambda start, moved, slope, strength: pgd_step(start, moved, slope, strength) - start,
                lambda start, moved, slope, strength: pgd_step(start, moved, slope, strength) - moved,
            ),
        ),
    ),
)


# 2. The length of the difference


def length(first, second, cosine, lam):
    return np.sqrt(first**2 + lam**2 * second**2 - 2 * lam * first * second * cosine)


def length_cases(rng: np.random.Generator) -> list[tuple]:
    fixed = [(4.0, 4.0, 1.0, 0.5), (4.0, 4.0, 0.0, 0.5), (4.0, 4.0, -1.0, 0.5), (3.0, 5.0, 0.6, 1.0),
             (2.0, 3.0, 0.5, 0.0), (1.0, 2.0, -0.5, 0.8), (5.0, 1.0, -0.2, 0.3), (2.0, 7.0, 0.9, 0.4),
             (3.0, 2.0, -0.8, 1.5)]  # fmt: skip
    return fixed + [tuple(float(round(rng.uniform(*ends), 2)) for ends in
                          ((0.5, 9), (0.5, 9), (-0.95, 0.95), (0.1, 1.4))) for _ in range(8)]  # fmt: skip


def root_of(square: Callable) -> Callable:
    return lambda first, second, cosine, lam: np.sqrt(np.abs(square(first, second, cosine, lam)))


LENGTH = Exercise(
    "14b.length",
    length,
    length_cases,
    (
        Mistake(
            "plus",
            ro="Semnul termenului cu cosinusul e invers: se scade, fiindcă și harta a doua se scade.",
            en="The term with the cosine has the opposite sign: it is subtracted, because the second map is.",
            wrong=root_of(lambda a, b, c, lam: a**2 + lam**2 * b**2 + 2 * lam * a * b * c),
        ),
        Mistake(
            "lambda-once",
            ro="Lungimea lui λg₂ e λ înmulțit cu lungimea lui g₂, deci pătratul ei îl are pe λ la pătrat, iar termenul "
            "cu cosinusul îl are pe λ o singură dată.",
            en="The length of λg₂ is λ times the length of g₂, so its square has λ squared, and the term with the "
            "cosine has λ once.",
            wrong=(
                root_of(lambda a, b, c, lam: a**2 + lam * b**2 - 2 * lam * a * b * c),
                root_of(lambda a, b, c, lam: a**2 + lam**2 * b**2 - 2 * lam**2 * a * b * c),
                root_of(lambda a, b, c, lam: a**2 + lam**2 * b**2 - 2 * a * b * c),
                root_of(lambda a, b, c, lam: a**2 + b**2 - 2 * lam * a * b * c),
                root_of(lambda a, b, c, lam: a**2 + lam * b**2 - 2 * lam * a * b * c),
            ),
        ),
        Mistake(
            "no-lambda",
            ro="Ai scăzut harta a doua întreagă: λ lipsește.",
            en="You subtracted the whole second map: λ is missing.",
            wrong=root_of(lambda a, b, c, lam: a**2 + b**2 - 2 * a * b * c),
        ),
        Mistake(
            "no-root",
            ro="Acesta e pătratul lungimii. Mai trebuie rădăcina.",
            en="This is the square of the length. The root is missing.",
            wrong=lambda a, b, c, lam: a**2 + lam**2 * b**2 - 2 * lam * a * b * c,
        ),
        Mistake(
            "half",
            ro="La termenul cu cosinusul lipsește factorul 2.",
            en="The factor 2 is missing from the term with the cosine.",
            wrong=root_of(lambda a, b, c, lam: a**2 + lam**2 * b**2 - lam * a * b * c),
        ),
        Mistake(
            "no-cosine",
            ro="Ai socotit ca și cum vectorii ar fi perpendiculari: termenul cu cosinusul lipsește.",
            en="You worked as if the vectors were perpendicular: the term with the cosine is missing.",
            wrong=root_of(lambda a, b, c, lam: a**2 + lam**2 * b**2),
        ),
        Mistake(
            "lengths-alone",
            ro="Lungimile nu se scad și nu se adună de-a dreptul, decât la vectori pe aceeași dreaptă. Pornește de la "
            "pătratul lui g₁ − λg₂.",
            en="Lengths are not subtracted or added as they are, except for vectors on one line. Start from the square "
            "of g₁ − λg₂.",
            wrong=(
                lambda a, b, c, lam: abs(a - lam * b),
                lambda a, b, c, lam: a + lam * b,
                lambda a, b, c, lam: a - lam * b,
                lambda a, b, c, lam: abs(a - lam * b * c),
                lambda a, b, c, lam: a - lam * b * c,
            ),
        ),
        Mistake(
            "lambda-on-the-first",
            ro="Ai înmulțit cu λ primul vector. El stă la al doilea.",
            en="You multiplied the first vector by λ. It belongs to the second.",
            wrong=root_of(lambda a, b, c, lam: lam**2 * a**2 + b**2 - 2 * lam * a * b * c),
        ),
        Mistake(
            "lengths-once",
            ro="Lungimile intră la pătrat în primii doi termeni, iar în termenul cu cosinusul intră amândouă.",
            en="The lengths are squared in the first two terms, and the term with the cosine has them both.",
            wrong=(
                root_of(lambda a, b, c, lam: a**2 + lam**2 * b**2 - 2 * lam * c),
                root_of(lambda a, b, c, lam: a + lam * b - 2 * lam * a * b * c),
                root_of(lambda a, b, c, lam: a + lam**2 * b - 2 * lam * a * b * c),
            ),
        ),
    ),
)


# 3. The cosine of each picture's two gradients


def cosines(first, second):
    a, b = (x.reshape(len(x), -1) for x in (first, second))
    return (a * b).sum(1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1))


def cosine_cases(rng: np.random.Generator) -> list[tuple]:
    fixed = [
        ([[[4.0, 0.0]]], [[[2.0, 2.0]]]),
        ([[[1.0, 2.0], [3.0, 0.0]]], [[[2.0, 1.0], [0.0, 5.0]]]),
        ([[[1.0, 0.0], [10.0, 0.0]]], [[[1.0, 0.0], [-1.0, 0.0]]]),  # one token agrees, the longer one opposes
        ([[[2.0, 1.0]], [[1.0, -3.0]]], [[[-2.0, -1.0]], [[3.0, 1.0]]]),
        ([[[0.5]], [[0.2]], [[-3.0]]], [[[1.0]], [[-4.0]], [[-1.0]]]),
    ]
    cases = [tuple(np.array(x) for x in case) for case in fixed]
    for shape in [(1, 2, 3), (2, 2, 2), (2, 3, 2), (3, 2, 4), (3, 4, 2), (4, 3, 5), (3, 3, 3)]:
        longer = 10 ** rng.uniform(-1, 1, (*shape[:2], 1))  # tokens whose gradients differ in length
        first, second = (longer * rng.normal(size=shape) for _ in "12")
        cases.append((first.round(3) + 1e-3, (second - 0.3 * first).round(3) + 1e-3))
    return cases


def cosine_along(a: np.ndarray, b: np.ndarray, axis: int) -> np.ndarray:
    lengths = np.linalg.norm(a, axis=axis) * np.linalg.norm(b, axis=axis)
    return (a * b).sum(axis) / np.where(lengths == 0, 1, lengths)


def flat(x):
    return x.reshape(len(x), -1)


def lengths(x):
    return np.linalg.norm(x, axis=2)  # of tokens


COSINES = Exercise(
    "14b.cosines",
    cosines,
    cosine_cases,
    (
        Mistake(
            "mean-of-tokens",
            ro="Ai făcut media cosinusurilor pe tokeni. Toate numerele unei imagini fac un singur vector: un token cu "
            "gradient lung trebuie să conteze mai mult.",
            en="You averaged the cosines of the tokens. All the numbers of a picture make one vector: a token with a "
            "long gradient has to count for more.",
            wrong=(
                lambda a, b: cosine_along(a, b, 2).mean(1),
                lambda a, b: cosine_along(a, b, 1).mean(1),
            ),
        ),
        Mistake(
            "each-token",
            ro="Ai întors câte un cosinus pentru fiecare token sau fiecare coordonată. E nevoie de unul pentru fiecare "
            "imagine.",
            en="You returned a cosine for each token or each coordinate. One for each picture is asked for.",
            wrong=(lambda a, b: cosine_along(a, b, 2), lambda a, b: cosine_along(a, b, 1)),
        ),
        Mistake(
            "all-pictures",
            ro="Ai făcut un singur număr din toate imaginile. Fiecare imagine are cosinusul ei.",
            en="You made one number of all the pictures. Each picture has its own cosine.",
            wrong=(
                lambda a, b: (a * b).sum() / (np.linalg.norm(a) * np.linalg.norm(b)),
                lambda a, b: cosines(a, b).mean(),
                lambda a, b: cosine_along(a.mean(0).ravel(), b.mean(0).ravel(), 0),
            ),
        ),
        Mistake(
            "mean-first",
            ro="Ai adunat întâi tokenii, apoi ai luat cosinusul: gradienții opuși ai doi tokeni s-au anulat înainte de "
            "a fi comparați. Pune-i unul după altul, nu îi aduna.",
            en="You added up the tokens and then took the cosine: opposed gradients of two tokens cancelled before "
            "they were compared. Put them one after another, do not add them.",
            wrong=(
                lambda a, b: cosine_along(a.mean(1), b.mean(1), 1),
                lambda a, b: cosine_along(a.mean(2), b.mean(2), 1),
            ),
        ),
        Mistake(
            "no-lengths",
            ro="Acesta e produsul scalar. Cosinusul îl împarte la produsul celor două lungimi.",
            en="This is the dot product. The cosine divides it by the product of the two lengths.",
            wrong=(lambda a, b: (a * b).sum((1, 2)), lambda a, b: (flat(a) * flat(b)).mean(1)),
        ),
        Mistake(
            "one-length",
            ro="Împarte la produsul ambelor lungimi, fiecare o singură dată și cu rădăcină.",
            en="Divide by the product of both lengths, each of them once and with its root.",
            wrong=(
                lambda a, b: (a * b).sum((1, 2)) / np.linalg.norm(flat(a), axis=1),
                lambda a, b: (a * b).sum((1, 2)) / np.linalg.norm(flat(b), axis=1),
                lambda a, b: (a * b).sum((1, 2)) / (flat(a) ** 2).sum(1),
                lambda a, b: (a * b).sum((1, 2)) / ((flat(a) ** 2).sum(1) * (flat(b) ** 2).sum(1)),
                lambda a, b: (a * b).sum((1, 2)) / (np.linalg.norm(flat(a), axis=1) + np.linalg.norm(flat(b), axis=1)),
            ),
        ),
        Mistake(
            "lengths-of-all",
            ro="Ai împărțit la lungimi socotite peste toate imaginile sau ca sume pe tokeni. Lungimea unei imagini e "
            "rădăcina sumei pătratelor tuturor numerelor ei.",
            en="You divided by lengths taken over all the pictures, or summed over tokens. The length of a picture's "
            "gradient is the root of the sum of the squares of all its numbers.",
            wrong=(
                lambda a, b: (a * b).sum((1, 2)) / (np.linalg.norm(a) * np.linalg.norm(b)),
                lambda a, b: (a * b).sum((1, 2)) / (lengths(a).sum(1) * lengths(b).sum(1)),
                lambda a, b: (a * b).sum((1, 2)) / (lengths(a) * lengths(b)).sum(1),
            ),
        ),
        Mistake(
            "no-sign",
            ro="Semnul s-a pierdut sau s-a schimbat, și tocmai el spune dacă gradienții se opun.",
            en="The sign is lost or turned round, and it is the sign that says whether the gradients are opposed.",
            wrong=(lambda a, b: np.abs(cosines(a, b)), lambda a, b: -cosines(a, b), lambda a, b: cosines(a, b) ** 2),
        ),
        Mistake(
            "angle",
            ro="Acesta e unghiul. Se cere cosinusul lui.",
            en="This is the angle. Its cosine is asked for.",
            wrong=(
                lambda a, b: np.arccos(np.clip(cosines(a, b), -1, 1)),
                lambda a, b: np.degrees(np.arccos(np.clip(cosines(a, b), -1, 1))),
            ),
        ),
    ),
)

EXERCISES = (STEP, LENGTH, COSINES)
