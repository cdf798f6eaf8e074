"""Chapter 14: the paper's claims, one by one."""

import numpy as np

from .engine import Exercise
from .mistakes import Mistake

# 1. From an interval to a word

BETTER, WORSE, TIE, UNSEEN = range(4)


def word(low, high, margin, larger):
    if low > 0 or high < 0:
        return BETTER if (low > 0) == larger else WORSE
    return TIE if -margin < low and high < margin else UNSEEN


def word_cases(rng: np.random.Generator) -> list[tuple]:
    cases = [
        (0.01, 0.05, 0.02, True),
        (-0.05, -0.01, 0.02, True),
        (-0.01, 0.01, 0.02, True),
        (-0.2, 0.1, 0.02, True),
        (0.01, 0.05, 0.02, False),
        (-0.05, -0.01, 0.02, False),
        (-0.01, 0.05, 0.02, True),
        (-0.05, 0.01, 0.02, False),
        (0.005, 0.01, 0.02, True),
        (0.005, 0.01, 0.02, False),
        (-0.01, -0.005, 0.02, True),
        (-0.01, -0.005, 0.02, False),
        (0.0, 0.03, 0.02, True),
        (-0.03, 0.0, 0.02, False),
        (-0.02, 0.01, 0.02, True),
        (-0.01, 0.02, 0.02, True),
        (0.0, 0.01, 0.02, True),
        (-0.01, 0.0, 0.02, False),
        (-0.001, 0.001, 0.0, True),
        (0.2, 0.4, 0.5, True),
        (-0.4, -0.2, 0.5, True),
        (-0.3, 0.4, 0.5, False),
        (-0.3, 0.6, 0.5, False),
        (-0.6, 0.3, 0.5, True),
        (-0.25, 0.45, 0.5, True),
        (-0.0, 0.5, 0.5, True),
        (-0.5, 0.0, 0.5, True),
        (-0.019, 0.019, 0.02, False),
        (-3.0, 4.0, 5.0, True),
        (1.5, 4.0, 5.0, False),
        (-4.0, -1.5, 5.0, True),
        (-0.3, 0.1, 0.2, True),
        (-0.1, 0.3, 0.2, False),
    ]
    for _ in range(12):
        low, width, margin = rng.uniform(-0.1, 0.1), rng.uniform(0.01, 0.1), rng.uniform(0.01, 0.1)
        cases.append((round(low, 3), round(low + width, 3), round(margin, 3), bool(rng.integers(2))))
    return cases


def _tie_first(low, high, margin, larger):
    if -margin < low and high < margin:
        return TIE
    return word(low, high, margin, larger)


WORD = Exercise(
    "14.word",
    word,
    word_cases,
    (
        Mistake(
            "direction",
            ro="Nu ai ținut seama de `larger`: la o pierdere, o diferență pozitivă înseamnă mai slab.",
            en="You have not used `larger`: for a loss, a positive difference means worse.",
            wrong=(
                lambda low, high, margin, larger: word(low, high, margin, True),
                lambda low, high, margin, larger: word(low, high, margin, False),
                lambda low, high, margin, larger: word(low, high, margin, not larger),
                # and the margin left out as well: one thing at a time
                lambda low, high, margin, larger: word(low, high, 0, True),
                lambda low, high, margin, larger: min(word(low, high, margin, True), TIE),
            ),
        ),
        Mistake(
            "unseen-is-tie",
            ro="Un interval care îl cuprinde pe zero nu e o egalitate. Egalitate e numai când încape între margini.",
            en="An interval that holds zero is no tie. It is a tie only where it fits between the margins.",
            wrong=lambda low, high, margin, larger: min(word(low, high, margin, larger), TIE),
        ),
        Mistake(
            "no-tie",
            ro="N-ai întors niciodată egalitate: un interval întreg între `-margin` și `margin` o arată.",
            en="You never return a tie: an interval wholly between `-margin` and `margin` shows one.",
            wrong=lambda low, high, margin, larger: word(low, high, 0, larger),
        ),
        Mistake(
            "tie-first",
            ro="Întâi te uiți dacă intervalul ocolește zero: un câștig mic, dar văzut, rămâne un câștig.",
            en="Look first whether the interval stays clear of zero: a gain that is seen, however small, is a gain.",
            wrong=_tie_first,
        ),
        Mistake(
            "middle",
            ro="Ai judecat după mijlocul intervalului. Contează amândouă capetele.",
            en="You have judged by the middle of the interval. Both of its ends count.",
            wrong=(
                lambda low, high, margin, larger: (
                    word(low, high, margin, larger)
                    if low > 0 or high < 0
                    else TIE
                    if abs(low + high) / 2 < margin
                    else UNSEEN
                ),
                lambda low, high, margin, larger: (
                    (BETTER if (low + high > 0) == larger else WORSE) if abs(low + high) / 2 >= margin else TIE
                ),
                lambda low, high, margin, larger: (
                    (BETTER if (low + high > 0) == larger else WORSE) if abs(low + high) / 2 > margin else UNSEEN
                ),
            ),
        ),
        Mistake(
            "one-end",
            ro="Ai comparat cu marginea un singur capăt al intervalului. La egalitate trebuie amândouă.",
            en="You have compared one end of the interval with the margin. A tie needs both.",
            wrong=(
                lambda low, high, margin, larger: (
                    word(low, high, margin, larger) if low > 0 or high < 0 else TIE if high < margin else UNSEEN
                ),
                lambda low, high, margin, larger: (
                    word(low, high, margin, larger) if low > 0 or high < 0 else TIE if low > -margin else UNSEEN
                ),
                lambda low, high, margin, larger: (
                    word(low, high, margin, larger)
                    if low > 0 or high < 0
                    else TIE
                    if high < margin or low > -margin
                    else UNSEEN
                ),
            ),
        ),
        Mistake(
            "width",
            ro="Ai comparat lungimea intervalului cu marginea. Compară-i capetele, cu `-margin` și cu `margin`.",
            en="You compared the interval's length with the margin. Compare its ends with `-margin` and `margin`.",
            wrong=(
                lambda low, high, margin, larger: (
                    word(low, high, margin, larger) if low > 0 or high < 0 else TIE if high - low < margin else UNSEEN
                ),
                lambda low, high, margin, larger: (
                    word(low, high, margin, larger)
                    if low > 0 or high < 0
                    else TIE
                    if high - low < 2 * margin
                    else UNSEEN
                ),
            ),
        ),
        Mistake(
            "beyond-margin",
            ro="Ca să fie mai bună sau mai slabă, intervalul trebuie să ocolească zero, nu marginea.",
            en="To be better or worse the interval has to stay clear of zero, not of the margin.",
            wrong=(
                lambda low, high, margin, larger: (
                    (BETTER if (low > 0) == larger else WORSE)
                    if low > margin or high < -margin
                    else TIE
                    if -margin < low and high < margin
                    else UNSEEN
                ),
                lambda low, high, margin, larger: (
                    (BETTER if (low > 0) == larger else WORSE)
                    if low >= margin or high <= -margin
                    else TIE
                    if -margin < low and high < margin
                    else UNSEEN
                ),
            ),
        ),
        Mistake(
            "touching",
            ro="Un interval care atinge zero sau marginea nu trece de ele: comparațiile sunt stricte.",
            en="An interval that touches zero or the margin does not pass it: the comparisons are strict.",
            wrong=(
                lambda low, high, margin, larger: (
                    (BETTER if (low >= 0) == larger else WORSE)
                    if low >= 0 or high <= 0
                    else TIE
                    if -margin < low and high < margin
                    else UNSEEN
                ),
                lambda low, high, margin, larger: (
                    word(low, high, margin, larger)
                    if low > 0 or high < 0
                    else TIE
                    if -margin <= low and high <= margin
                    else UNSEEN
                ),
                lambda low, high, margin, larger: (
                    (BETTER if (low >= 0) == larger else WORSE)
                    if low >= 0 or high <= 0
                    else TIE
                    if -margin <= low and high <= margin
                    else UNSEEN
                ),
            ),
        ),
        Mistake(
            "one-sided",
            ro="Mai rămâne o parte: și un interval aflat întreg sub zero dă un verdict.",
            en="One side is missing: an interval wholly below zero gives a verdict too.",
            wrong=(
                lambda low, high, margin, larger: (
                    (BETTER if larger else WORSE) if low > 0 else TIE if -margin < low and high < margin else UNSEEN
                ),
                lambda low, high, margin, larger: (
                    (BETTER if larger else WORSE)
                    if low > 0
                    else TIE
                    if -margin < low and high < margin
                    else (WORSE if larger else BETTER)
                ),
            ),
        ),
        Mistake(
            "other-places",
            ro="Cuvântul e cel potrivit, dar locul lui nu: 0 mai bună, 1 mai slabă, 2 egalitate, 3 nicio deosebire.",
            en="The word is right, its place is not: 0 better, 1 worse, 2 tie, 3 no difference seen.",
            wrong=(
                lambda low, high, margin, larger: word(low, high, margin, larger) + 1,
                lambda low, high, margin, larger: (0, 1, 3, 2)[word(low, high, margin, larger)],
                lambda low, high, margin, larger: (1, -1, 0, 0)[word(low, high, margin, larger)],
            ),
        ),
    ),
)


# 2. All right so far


def all_right(said, goal):
    return np.logical_and.accumulate(said == goal, axis=1).mean(axis=0)


def walk_cases(rng: np.random.Generator) -> list[tuple]:
    def case(n: int, hops: int, errors: float) -> tuple:
        goal = rng.integers(0, 32, (n, hops))
        return np.where(
            rng.uniform(size=goal.shape) < errors, (goal + rng.integers(1, 32, goal.shape)) % 32, goal
        ), goal

    back = np.array([[3, 7, 1, 4], [3, 7, 9, 4], [5, 7, 1, 4], [3, 7, 1, 2], [3, 0, 1, 4]])
    first = np.array([[5, 2, 6], [5, 2, 6], [1, 2, 6], [5, 0, 6]])
    cases = [
        (np.array([[1, 2]]), np.array([[1, 3]])),
        (np.array([[1, 2]]), np.array([[0, 2]])),
        (back, np.tile([3, 7, 1, 4], (5, 1))),
        (first, np.tile([5, 2, 6], (4, 1))),
        (np.zeros((3, 4), dtype=int), np.ones((3, 4), dtype=int)),
        (np.ones((2, 5), dtype=int),) * 2,
    ]
    return cases + [
        case(n, hops, e)
        for n, hops, e in (
            (3, 2, 0.4),
            (4, 4, 0.3),
            (10, 3, 0.3),
            (7, 7, 0.1),
            (40, 4, 0.2),
            (100, 6, 0.15),
            (200, 2, 0.5),
        )
    ]


def _later(said, goal):
    right = (said == goal).astype(float)
    return np.cumprod(right[:, ::-1], axis=1)[:, ::-1].mean(axis=0)


ALL_RIGHT = Exercise(
    "14.all-right",
    all_right,
    walk_cases,
    (
        Mistake(
            "each-step",
            ro="Ai măsurat fiecare pas singur. Un pas nimerit după unul greșit nu se mai socotește.",
            en="You have measured each step by itself. A right step after a wrong one does not count any more.",
            wrong=lambda said, goal: (said == goal).mean(axis=0),
        ),
        Mistake(
            "product-of-means",
            ro="Ai înmulțit mediile pașilor, ca și cum ar fi independenți. Înmulțește în fiecare text, apoi fă media.",
            en="You have multiplied the means of the steps, as if they were independent. Multiply within a text, then "
            "take the mean.",
            wrong=lambda said, goal: np.cumprod((said == goal).mean(axis=0)),
        ),
        Mistake(
            "last-alone",
            ro="Ai întors un singur număr. Trebuie câte unul după fiecare pas.",
            en="You have returned one number. One is needed after each step.",
            wrong=(
                lambda said, goal: (said == goal).all(axis=1).mean(),
                lambda said, goal: (said == goal)[:, -1].mean(),
                lambda said, goal: (said == goal).mean(),
            ),
        ),
        Mistake(
            "mean-of-steps",
            ro="Aceasta e partea pașilor potriviți de până acum. Un text cu o greșeală nu mai contează deloc.",
            en="This is the share of right steps so far. A text with one mistake does not count at all any more.",
            wrong=lambda said, goal: (np.cumsum(said == goal, axis=1) / np.arange(1, goal.shape[1] + 1)).mean(axis=0),
        ),
        Mistake(
            "counts",
            ro="Ai numărat textele. Împarte la câte sunt.",
            en="You have counted the texts. Divide by how many there are.",
            wrong=(
                lambda said, goal: np.logical_and.accumulate(said == goal, axis=1).sum(axis=0),
                lambda said, goal: np.logical_and.accumulate(said == goal, axis=1).sum(axis=0) / goal.shape[1],
            ),
        ),
        Mistake(
            "axis",
            ro="Ai mers pe axa cealaltă: un rând e un text, o coloană e un pas.",
            en="You went along the other axis: a row is a text, a column is a step.",
            wrong=(
                lambda said, goal: np.logical_and.accumulate(said == goal, axis=0).mean(axis=0),
                lambda said, goal: np.logical_and.accumulate(said == goal, axis=1).mean(axis=1),
                lambda said, goal: np.logical_and.accumulate(said == goal, axis=0).mean(axis=1),
                lambda said, goal: (said == goal).all(axis=1),
                lambda said, goal: (said == goal).mean(axis=1),
            ),
        ),
        Mistake(
            "from-the-end",
            ro="Ai adunat de la ultimul pas spre primul. Contează pașii de dinainte.",
            en="You have gone from the last step to the first. It is the steps before that count.",
            wrong=_later,
        ),
        Mistake(
            "any",
            ro="Un pas potrivit nu le iartă pe celelalte: toți pașii de până acum trebuie să fie potriviți.",
            en="One right step does not make up for the others: all steps so far have to be right.",
            wrong=lambda said, goal: np.logical_or.accumulate(said == goal, axis=1).mean(axis=0),
        ),
        Mistake(
            "wrong-ones",
            ro="Aceasta e partea textelor cu măcar o greșeală. Se cere partea celor fără nicio greșeală.",
            en="This is the share of texts with at least one mistake. Asked for is the share of those with none.",
            wrong=(
                lambda said, goal: 1 - np.logical_and.accumulate(said == goal, axis=1).mean(axis=0),
                lambda said, goal: np.logical_and.accumulate(said != goal, axis=1).mean(axis=0),
            ),
        ),
        Mistake(
            "conditional",
            ro="Acestea sunt părți din textele rămase fără greșeală. Se cere partea din toate textele.",
            en="These are shares of the texts that had no mistake before. Asked for is the share of all texts.",
            wrong=lambda said, goal: (
                lambda s: np.concatenate([s[:1], np.divide(s[1:], s[:-1], out=np.zeros(len(s) - 1), where=s[:-1] > 0)])
            )(all_right(said, goal)),
        ),
    ),
)


# 3. How sure one step has to be


def needed(share, hops):
    return share ** (1 / hops)


def needed_cases(rng: np.random.Generator) -> list[tuple]:
    cases = [(0.81, 2), (0.95, 4), (0.5, 1), (0.5, 3), (0.25, 2), (1.0, 5), (0.0, 2), (0.9, 10), (0.99, 100), (0.1, 7)]
    return cases + [(round(rng.uniform(0.05, 0.99), 2), int(rng.integers(2, 30))) for _ in range(8)]


NEEDED = Exercise(
    "14.needed",
    needed,
    needed_cases,
    (
        Mistake(
            "divided",
            ro="Probabilitățile pașilor independenți se înmulțesc, nu se adună: nu împărți la numărul pașilor. Așa "
            "iese și din `share ** 1 / hops`, care ridică la puterea 1 și apoi împarte.",
            en="Probabilities of independent steps multiply, they do not add: do not divide by the number of steps. "
            "That is also what `share ** 1 / hops` does: it raises to the power 1 and then divides.",
            wrong=lambda share, hops: share / hops,
        ),
        Mistake(
            "errors-add",
            ro="Ai împărțit greșeala în părți egale, ceea ce e numai aproximativ. Caută numărul care, înmulțit cu el "
            "însuși de atâtea ori, dă partea cerută.",
            en="You have divided the error into equal parts, only nearly right. Find the number that, multiplied "
            "by itself so many times, gives the share.",
            wrong=lambda share, hops: 1 - (1 - share) / hops,
        ),
        Mistake(
            "power",
            ro="Ai mers invers: de la un pas la toți. Se cere de la toți la unul, deci o rădăcină.",
            en="You went the other way: from one step to all. Asked for is from all to one, so a root.",
            wrong=lambda share, hops: share**hops,
        ),
        Mistake(
            "of-the-error",
            ro="Ai luat rădăcina din greșeală. Pașii potriviți se înmulțesc, nu greșelile.",
            en="You have taken the root of the error. It is the right steps that multiply, not the mistakes.",
            wrong=(
                lambda share, hops: 1 - (1 - share) ** (1 / hops),
                lambda share, hops: (1 - share) ** (1 / hops),
                lambda share, hops: 1 - (1 - share) ** hops,
            ),
        ),
        Mistake(
            "off-by-one",
            ro="Ordinul rădăcinii e numărul pașilor, `hops`.",
            en="The order of the root is the number of steps, `hops`.",
            wrong=(
                lambda share, hops: share ** (1 / (hops + 1)),
                lambda share, hops: share ** (1 / (hops - 1)) if hops > 1 else share,
            ),
        ),
        Mistake(
            "square-root",
            ro="Rădăcina pătrată e pentru doi pași. Trebuie de ordinul `hops`.",
            en="A square root is for two steps. Its order has to be `hops`.",
            wrong=lambda share, hops: share**0.5,
        ),
        Mistake(
            "whole-division",
            ro="`1 // hops` e o împărțire întreagă și dă 0. Scrie `1 / hops`.",
            en="`1 // hops` is a whole division and gives 0. Write `1 / hops`.",
            wrong=lambda share, hops: share ** (1 // hops),
        ),
        Mistake(
            "given-up",
            ro="Ai întors partea întreagă. Fiecare pas trebuie să fie mai sigur decât toți la un loc.",
            en="You have returned the whole share. Each step has to be surer than all of them together.",
            wrong=lambda share, hops: share,
        ),
    ),
)


# 4. Scores of few bits


def quantise(x, bits):
    top = 2 ** (bits - 1) - 1
    step = np.abs(x).max() / top
    return np.round(x / step) * step


def quantise_cases(rng: np.random.Generator) -> list[tuple]:
    cases = [
        (np.array([-1.0, 0.3, 1.0]), 2),
        (np.array([0.2, 0.9]), 3),
        (np.array([-8.0, 1.0, 2.7]), 4),
        (np.array([-0.4, -2.0, 0.7]), 3),
        (np.array([7.0, 0.6, -1.4, 3.3]), 4),
        (np.array([-318.0, 5.4, 40.0]), 4),
        (np.array([0.0, 0.9, -0.2]), 2),
        (np.array([[1.0, -2.2], [0.4, 1.3]]), 3),
        (np.array([3.0]), 8),
        (np.array([-0.001, 0.0004]), 6),
    ]
    for n, bits in ((5, 2), (6, 3), (8, 4), (10, 6), (12, 8), (4, 5)):
        cases.append((rng.normal(0, 2, n).round(4), bits))
    return cases + [((rng.normal(size=(3, 4)) - 1).round(4), 4)]


def _to(levels, size=lambda x: np.abs(x).max(), near=np.round):
    """Rounding with another number of levels, another largest value, another way of rounding."""

    def wrong(x, bits):
        step = size(x) / levels(bits)
        return near(x / step) * step

    return wrong


def _right(bits):
    return 2 ** (bits - 1) - 1


def _between(x, bits):
    step = (x.max() - x.min()) / (2**bits - 1)
    return np.round((x - x.min()) / step) * step + x.min()


def _between_levels(x, bits):
    levels = np.linspace(x.min(), x.max(), 2**bits)
    return levels[np.abs(x[..., None] - levels).argmin(-1)]


def _whole_part(x, bits):
    step = np.abs(x).max() / _right(bits)
    return x // step * step


QUANTISE = Exercise(
    "14.quantise",
    quantise,
    quantise_cases,
    (
        Mistake(
            "sign",
            ro="Cea mai mare valoare se ia fără semn: `np.abs(x).max()`. Altfel un număr mult sub zero iese din scară.",
            en="The largest value is taken without its sign: `np.abs(x).max()`. Else a very negative number leaves the "
            "scale.",
            wrong=(
                _to(_right, np.max),
                _to(_right, lambda x: np.abs(x.max())),
                lambda x, bits: np.round(np.abs(x) / np.abs(x).max() * _right(bits)) * np.abs(x).max() / _right(bits),
            ),
        ),
        Mistake(
            "levels",
            ro="Numărul treptelor nu e cel potrivit: 2^(bits − 1) − 1 deasupra lui zero, tot atâtea sub el.",
            en="The number of levels is not right: 2^(bits − 1) − 1 above zero, as many below.",
            wrong=(
                _to(lambda bits: 2 ** (bits - 1)),
                _to(lambda bits: 2**bits - 1),
                _to(lambda bits: 2**bits),
                _to(lambda bits: (2**bits - 1) / 2),
                _to(lambda bits: bits),
                _to(lambda bits: 2**bits - 2),
                _to(lambda bits: max(1, 2 ** (bits - 1) - 2)),
                _to(lambda bits: 2 ** (bits - 1) + 1),
                _to(lambda bits: 2 * bits),
                _to(lambda bits: max(1, 2 ** (bits - 2))),
            ),
        ),
        Mistake(
            "not-nearest",
            ro="Trebuie treapta cea mai apropiată: `np.round`, nu tăierea în jos sau spre zero.",
            en="It has to be the nearest level: `np.round`, not cutting downwards or towards zero.",
            wrong=(_to(_right, near=np.floor), _to(_right, near=np.trunc), _to(_right, near=np.ceil), _whole_part),
        ),
        Mistake(
            "not-scaled-back",
            ro="Acestea sunt numerele treptelor. Înmulțește-le înapoi cu lungimea unei trepte.",
            en="These are the numbers of the levels. Multiply them back by the length of a step.",
            wrong=lambda x, bits: np.round(x / np.abs(x).max() * _right(bits)),
        ),
        Mistake(
            "no-rounding",
            ro="N-ai rotunjit nimic: numerele au rămas cele de la început.",
            en="Nothing has been rounded: the numbers are those that came in.",
            wrong=lambda x, bits: x,
        ),
        Mistake(
            "between-ends",
            ro="Scara merge de la −max la max, cu zero pe o treaptă, nu de la cel mai mic la cel mai mare număr.",
            en="The scale runs from −max to max, with zero on a level, not from the smallest number to the largest.",
            wrong=(_between, _between_levels),
        ),
        Mistake(
            "by-row",
            ro="O singură scară pentru tot tabloul, nu una pentru fiecare rând.",
            en="One scale for the whole array, not one for each row.",
            wrong=_to(_right, lambda x: np.abs(x).max(axis=-1, keepdims=True)),
        ),
        Mistake(
            "other-size",
            ro="Lungimea unei trepte vine din cea mai mare valoare, nu din medie sau din abaterea standard.",
            en="The length of a step comes from the largest value, not from a mean or a standard deviation.",
            wrong=(
                _to(_right, lambda x: np.abs(x).mean() or 1),
                _to(_right, lambda x: np.std(x) or 1),
                _to(_right, lambda x: 1),
            ),
        ),
        Mistake(
            "decimals",
            ro="`np.round(x, bits)` păstrează zecimale. Biții hotărăsc numărul treptelor, nu al zecimalelor.",
            en="`np.round(x, bits)` keeps decimals. Bits decide the number of levels, not of decimals.",
            wrong=lambda x, bits: np.round(x, bits),
        ),
    ),
)


EXERCISES = WORD, ALL_RIGHT, NEEDED, QUANTISE
