"""Chapter 7b: inside a Transformer, what its heads do, how good it can get, and what six faults look like."""

from collections.abc import Callable

import numpy as np

from .engine import Exercise, Trial
from .mistakes import Mistake

# 1. Without one head


def without_head(heads, w_o, off):
    kept = heads.copy()
    kept[off] = 0
    return concatenated(kept) @ w_o


def concatenated(heads):
    h, T, d = heads.shape
    return heads.transpose(1, 0, 2).reshape(T, h * d)


def head_cases(rng: np.random.Generator) -> list[tuple]:
    fixed = [
        ([[[3.0]], [[-1.0]]], [[1.0, 2.0], [4.0, 0.0]], 1),  # of the text: (3, 6)
        ([[[3.0]], [[-1.0]]], [[1.0, 2.0], [4.0, 0.0]], 0),
        ([[[2.0, 1.0]], [[0.0, 5.0]]], [[1.0], [10.0], [100.0], [1000.0]], 0),
        ([[[1.0], [2.0]], [[3.0], [4.0]], [[5.0], [6.0]]], [[1.0, 0.0], [0.0, 1.0], [2.0, -1.0]], 1),
        ([[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]], np.eye(4).tolist(), 1),
        ([[[1.0, 2.0, 3.0]]], [[1.0], [2.0], [4.0]], 0),  # one head alone: nothing is left
    ]
    cases = [(np.array(heads), np.array(w_o), off) for heads, w_o, off in fixed]
    shapes = (2, 3, 2, 4), (3, 2, 2, 5), (4, 3, 1, 4), (2, 5, 3, 6), (4, 4, 4, 3), (3, 6, 2, 6), (2, 2, 2, 4)
    for h, T, d, D in shapes:
        cases.append((rng.normal(size=(h, T, d)).round(2), rng.normal(size=(h * d, D)).round(2), int(rng.integers(h))))
    return cases


def zeroed(choose: Callable) -> Callable:
    """An answer that puts zeros somewhere else: choose(heads, off) gives the heads that it keeps."""
    return lambda heads, w_o, off: concatenated(choose(heads, off)) @ w_o


def _zero(heads, place):
    kept = heads.copy()
    kept[place] = 0
    return kept


WITHOUT_HEAD = Exercise(
    "07b.without-head",
    without_head,
    head_cases,
    (
        Mistake(
            "not-off",
            ro="Capul n-a fost stins: ieșirea e cea a stratului întreg.",
            en="The head was not switched off: this is the output of the whole layer.",
            wrong=zeroed(lambda heads, off: heads),
        ),
        Mistake(
            "others-off",
            ro="Ai stins toate celelalte capete și l-ai păstrat tocmai pe acesta.",
            en="You switched off all the other heads and kept this one.",
            wrong=zeroed(lambda heads, off: heads - _zero(heads, off)),
        ),
        Mistake(
            "from-one",
            ro="Capetele se socotesc aici de la 0: primul e `heads[0]`.",
            en="Heads are counted from 0 here: the first is `heads[0]`.",
            wrong=(
                zeroed(lambda heads, off: _zero(heads, off - 1)),
                zeroed(lambda heads, off: _zero(heads, (off + 1) % len(heads))),
                zeroed(lambda heads, off: _zero(heads, off - 1) if off else heads),
            ),
        ),
        Mistake(
            "word-off",
            ro="Ai stins un cuvânt sau o coordonată din toate capetele. Prima axă a lui `heads` e cea a capetelor.",
            en="You put zeros at a word or a coordinate of every head. The first axis of `heads` is that of the heads.",
            wrong=(
                zeroed(lambda heads, off: _zero(heads, (slice(None), off % heads.shape[1]))),
                zeroed(lambda heads, off: _zero(heads, (slice(None), slice(None), off % heads.shape[2]))),
            ),
        ),
        Mistake(
            "not-transposed",
            ro="Ai schimbat forma fără să muți axele, așa că numerele unui cuvânt s-au amestecat cu ale altora. Axa "
            "cuvintelor trebuie adusă prima, apoi capetele se concatenează.",
            en="You reshaped without moving the axes, so the numbers of different words are mixed up. Bring the axis "
            "of the words first, then concatenate the heads.",
            wrong=lambda heads, w_o, off: _zero(heads, off).reshape(heads.shape[1], -1) @ w_o,
        ),
        Mistake(
            "interleaved",
            ro="Ai pus unul lângă altul primul număr al fiecărui cap, apoi al doilea. Concatenarea pune întâi toate "
            "numerele primului cap.",
            en="You put the first number of every head side by side, then the second. Concatenating puts all the "
            "numbers of the first head first.",
            wrong=lambda heads, w_o, off: _zero(heads, off).transpose(1, 2, 0).reshape(heads.shape[1], -1) @ w_o,
        ),
        Mistake(
            "rescaled",
            ro="Ai mărit capetele rămase, ca să țină locul celui stins. Aici ele rămân cum sunt.",
            en="You made the heads that are left larger, to make up for the missing one. Here they stay as they are.",
            wrong=lambda heads, w_o, off: without_head(heads, w_o, off) * len(heads) / max(len(heads) - 1, 1),
        ),
        Mistake(
            "mean",
            ro="Capul stins primește zerouri, nu media celorlalte sau media lui pe cuvinte.",
            en="The head switched off gets zeros, not the mean of the others or its own mean over the words.",
            wrong=(
                zeroed(lambda heads, off: np.where(np.arange(len(heads))[:, None, None] == off,
                                                   heads.mean(1, keepdims=True), heads)),
                zeroed(lambda heads, off: np.where(np.arange(len(heads))[:, None, None] == off,
                                                   heads.mean(0, keepdims=True), heads)),
            ),
        ),
        Mistake(
            "no-projection",
            ro="Lipsește înmulțirea cu `w_o`.",
            en="The multiplication by `w_o` is missing.",
            wrong=lambda heads, w_o, off: concatenated(_zero(heads, off)),
        ),
        Mistake(
            "transposed-matrix",
            ro="`w_o` se înmulțește așa cum vine, nu transpusă.",
            en="`w_o` multiplies as it comes, not transposed.",
            wrong=lambda heads, w_o, off: concatenated(_zero(heads, off)) @ w_o.T,
        ),
        Mistake(
            "wrong-rows",
            ro="Zerourile puse în `w_o` stau pe cele `d` rânduri ale capului, de la `off * d` la `(off + 1) * d`.",
            en="If you put zeros into `w_o`, they go into the head's `d` rows, from `off * d` to `(off + 1) * d`.",
            wrong=(
                lambda heads, w_o, off: concatenated(heads) @ _zero(w_o, off),
                lambda heads, w_o, off: concatenated(heads) @ _zero(w_o, slice(off, off + heads.shape[2])),
            ),
        ),
    ),
)

# 2. The floor


def floor(p, lengths):
    return -(p * np.log(p)).sum() / (p * lengths).sum()


def floor_cases(rng: np.random.Generator) -> list[tuple]:
    fixed = [
        ([0.5, 0.25, 0.25], [3, 3, 4]),  # of the text: 0.320
        ([0.5, 0.5], [1, 3]),
        ([1.0], [5]),  # nothing is drawn
        ([0.25, 0.25, 0.25, 0.25], [2, 2, 2, 2]),
        ([0.9, 0.1], [2, 20]),
        ([0.1, 0.9], [2, 20]),
        ([0.125, 0.5, 0.125, 0.25], [7, 2, 4, 3]),
    ]
    cases = [(np.array(p), np.array(lengths, dtype=float)) for p, lengths in fixed]
    for n in (2, 3, 4, 6, 9, 20):
        parts = rng.integers(1, 20, size=n)
        cases.append((parts / parts.sum(), rng.integers(2, 15, size=n).astype(float)))
    return cases


FLOOR = Exercise(
    "07b.floor",
    floor,
    floor_cases,
    (
        Mistake(
            "per-sentence",
            ro="Aceasta e entropia pe frază. Împarte-o la numărul mediu de cuvinte.",
            en="This is the entropy per sentence. Divide it by the mean number of words.",
            wrong=lambda p, lengths: -(p * np.log(p)).sum(),
        ),
        Mistake(
            "mean-of-ratios",
            ro="Ai împărțit pierderea fiecărei fraze la lungimea ei și ai făcut media. Pe un text lung se adună toate "
            "pierderile și se împart la toate cuvintele: raport de medii, nu medie de rapoarte.",
            en="You divided the loss of each sentence by its length and took the mean. Over a long text all losses are "
            "added up and divided by all the words: a ratio of means, not a mean of ratios.",
            wrong=lambda p, lengths: -(p * np.log(p) / lengths).sum(),
        ),
        Mistake(
            "plain-length",
            ro="Lungimea medie se ia cu probabilitățile: o frază frecventă contează mai mult.",
            en="The mean length is taken with the probabilities: a frequent sentence counts for more.",
            wrong=lambda p, lengths: -(p * np.log(p)).sum() / lengths.mean(),
        ),
        Mistake(
            "total-length",
            ro="Ai împărțit la suma lungimilor, nu la lungimea medie.",
            en="You divided by the sum of the lengths, not by the mean length.",
            wrong=lambda p, lengths: -(p * np.log(p)).sum() / lengths.sum(),
        ),
        Mistake(
            "plain-loss",
            ro="Minus logaritmii se adună cu probabilitățile: o frază rară se întâlnește rar.",
            en="The minus logarithms are weighted by the probabilities: a rare sentence is seldom met.",
            wrong=(
                lambda p, lengths: -np.log(p).mean() / (p * lengths).sum(),
                lambda p, lengths: -np.log(p).sum() / (p * lengths).sum(),
                lambda p, lengths: -np.log(p).sum() / lengths.sum(),
            ),
        ),
        Mistake(
            "sign",
            ro="Semnul: logaritmul unei probabilități e negativ, iar pierderea e pozitivă.",
            en="The sign: the logarithm of a probability is negative, and a loss is positive.",
            wrong=lambda p, lengths: (p * np.log(p)).sum() / (p * lengths).sum(),
        ),
        Mistake(
            "base",
            ro="Ai luat logaritmul în altă bază. Aici e cel natural.",
            en="You took the logarithm to another base. Here it is the natural one.",
            wrong=(
                lambda p, lengths: -(p * np.log2(p)).sum() / (p * lengths).sum(),
                lambda p, lengths: -(p * np.log10(p)).sum() / (p * lengths).sum(),
            ),
        ),
        Mistake(
            "log-of-mean",
            ro="Logaritmul vine înaintea mediei: media logaritmilor, nu logaritmul mediei.",
            en="The logarithm comes before the mean: the mean of logarithms, not the logarithm of a mean.",
            wrong=(
                lambda p, lengths: -np.log((p * p).sum()) / (p * lengths).sum(),
                lambda p, lengths: -np.log(p.mean()) / (p * lengths).sum(),
            ),
        ),
        Mistake(
            "perplexity",
            ro="Ai ridicat e la puterea pierderii: aceea e perplexitatea. Aici se cere pierderea.",
            en="You raised e to the loss: that is the perplexity. The loss is asked for here.",
            wrong=lambda p, lengths: np.exp(floor(p, lengths)),
        ),
        Mistake(
            "multiplied",
            ro="Ai înmulțit pierderea fiecărei fraze cu lungimea ei. Lungimea vine la numitor.",
            en="You multiplied the loss of each sentence by its length. The length belongs below.",
            wrong=(
                lambda p, lengths: -(p * lengths * np.log(p)).sum() / (p * lengths).sum(),
                lambda p, lengths: -(p * lengths * np.log(p)).sum(),
                lambda p, lengths: -(p * np.log(p)).sum() * (p * lengths).sum(),
            ),
        ),
    ),
)

# 3. Cross-attention


def cross(x, context, w_q, w_k, w_v, real):
    return attended(x @ w_q, context @ w_k, context @ w_v, real)


def attended(q, k, v, real, divide=None):
    scores = q @ k.T / (np.sqrt(q.shape[-1]) if divide is None else divide)
    return _softmax(np.where(real, scores, -np.inf)) @ v


def _softmax(scores, axis=-1):
    weights = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return weights / weights.sum(axis=axis, keepdims=True)


def cross_cases(rng: np.random.Generator) -> list[tuple]:
    two = np.eye(2)
    three = np.array([[1.0, 0.0, 0.5], [0.0, 2.0, -1.0]])
    fixed = [
        ([[2.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]], two, two, 3 * two, [True, True]),
        ([[2.0, 0.0]], [[1.0, 0.0], [3.0, 1.0]], two, two, 3 * two, [True, False]),  # only one word is real
        ([[1.0, 2.0], [0.0, -1.0], [2.0, 2.0]], [[1.0, 1.0], [0.5, -2.0]], two, 2 * two, two[:, ::-1], [True, True]),
        ([[1.0, -1.0], [0.5, 2.0]], [[1.0, 0.0], [2.0, 1.0], [0.0, 3.0], [9.0, 9.0]], three, three * [2, 1, 1], three,
         [True, True, True, False]),
        ([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], [[1.0, 2.0], [2.0, 0.5], [-1.0, 1.0]], two, [[0.0, 1.0], [1.0, 0.0]],
         [[1.0, 2.0], [3.0, 4.0]], [True, True, True]),  # as many words written as read: no causal mask here either
    ]
    cases = [tuple(np.array(part) for part in case) for case in fixed]
    shapes = (2, 3, 3, 2), (4, 2, 2, 3), (3, 5, 4, 2), (5, 4, 3, 3), (3, 3, 4, 4), (6, 7, 2, 2), (4, 4, 2, 3)
    for T, S, D, d in shapes:
        real = np.arange(S) < rng.integers(max(1, S - 2), S + 1)
        parts = [(T, D), (S, D), (D, d), (D, d), (D, d)]
        cases.append((*(rng.normal(size=shape).round(2) for shape in parts), real))
    return cases


def _after(x, context, w_q, w_k, w_v, real):
    q, k = x @ w_q, context @ w_k
    return (_softmax(q @ k.T / np.sqrt(q.shape[-1])) * real) @ (context @ w_v)


def _causal(x, context, w_q, w_k, w_v, real):
    may = real & np.tri(len(x), len(context), dtype=bool)
    return attended(x @ w_q, context @ w_k, context @ w_v, may)


CROSS = Exercise(
    "07b.cross",
    cross,
    cross_cases,
    (
        Mistake(
            "self-attention",
            ro="Aceasta e auto-atenție: cheile și valorile vin de la `context`, nu de la `x`.",
            en="This is self-attention: the keys and values come from `context`, not from `x`.",
            wrong=(
                lambda x, context, w_q, w_k, w_v, real: attended(x @ w_q, x @ w_k, x @ w_v, True),
                lambda x, context, w_q, w_k, w_v, real: attended(x @ w_q, x @ w_k, x @ w_v, real),
            ),
        ),
        Mistake(
            "turned-round",
            ro="Ai schimbat rolurile: întreabă cuvintele scrise, `x`, iar răspund cele citite, `context`.",
            en="The roles are the wrong way round: the words written, `x`, ask, and the words read, `context`, answer.",
            wrong=(
                lambda x, context, w_q, w_k, w_v, real: attended(context @ w_q, x @ w_k, x @ w_v, True),
                lambda x, context, w_q, w_k, w_v, real: attended(context @ w_q, context @ w_k, context @ w_v, real),
            ),
        ),
        Mistake(
            "values-of-x",
            ro="Numai interogările vin de la `x`. Atât cheile, cât și valorile vin de la `context`.",
            en="Only the queries come from `x`. Both the keys and the values come from `context`.",
            wrong=(
                lambda x, context, w_q, w_k, w_v, real: attended(x @ w_q, context @ w_k, x @ w_v, real),
                lambda x, context, w_q, w_k, w_v, real: attended(x @ w_q, x @ w_k, context @ w_v, real),
            ),
        ),
        Mistake(
            "no-mask",
            ro="Te uiți și la umplutură. Unde `real` e `False`, scorul devine −∞.",
            en="You look at the padding too. Where `real` is `False` the score becomes −∞.",
            wrong=lambda x, context, w_q, w_k, w_v, real: attended(x @ w_q, context @ w_k, context @ w_v, True),
        ),
        Mistake(
            "mask-turned",
            ro="Masca e pe dos: `True` înseamnă cuvânt adevărat, la care ai voie să te uiți.",
            en="The mask is the wrong way round: `True` is a real word, which may be looked at.",
            wrong=(
                lambda x, context, w_q, w_k, w_v, real: attended(x @ w_q, context @ w_k, context @ w_v, ~real),
                lambda x, context, w_q, w_k, w_v, real: (
                    _softmax(np.where(real, -1e9, x @ w_q @ (context @ w_k).T / np.sqrt(w_q.shape[1])))
                    @ (context @ w_v)
                ),
            ),
        ),
        Mistake(
            "mask-after",
            ro="Ai pus masca după softmax: ponderile rămase nu mai fac 1. Pune −∞ la scoruri, înainte.",
            en="You masked after the softmax: the weights that are left no longer make 1. Put −∞ into the scores, "
            "before it.",
            wrong=_after,
        ),
        Mistake(
            "zero-scores",
            ro="Un scor 0 nu ascunde nimic: softmax îi dă tot o pondere. Trebuie −∞.",
            en="A score of 0 hides nothing: softmax still gives it a weight. It has to be −∞.",
            wrong=lambda x, context, w_q, w_k, w_v, real: (
                _softmax(x @ w_q @ (context @ w_k).T / np.sqrt(w_q.shape[1]) * real) @ (context @ w_v)
            ),
        ),
        Mistake(
            "causal",
            ro="Aici nu e mască cauzală: textul citit e întreg în fața decodificatorului.",
            en="There is no causal mask here: the decoder has the whole of the text that is read.",
            wrong=(
                _causal,
                lambda x, context, w_q, w_k, w_v, real: (
                    _causal(x, context, w_q, w_k, w_v, real) if len(x) == len(context)
                    else cross(x, context, w_q, w_k, w_v, real)
                ),
            ),
        ),
        Mistake(
            "no-root",
            ro="Lipsește împărțirea scorurilor la √d.",
            en="The division of the scores by √d is missing.",
            wrong=lambda x, context, w_q, w_k, w_v, real: attended(x @ w_q, context @ w_k, context @ w_v, real, 1),
        ),
        Mistake(
            "other-root",
            ro="Scorurile se împart la √d, unde d e numărul de numere dintr-o interogare.",
            en="The scores are divided by √d, where d is how many numbers a query has.",
            wrong=(
                lambda x, context, w_q, w_k, w_v, real: attended(
                    x @ w_q, context @ w_k, context @ w_v, real, w_q.shape[1]),
                lambda x, context, w_q, w_k, w_v, real: attended(
                    x @ w_q, context @ w_k, context @ w_v, real, np.sqrt(len(w_q))),
                lambda x, context, w_q, w_k, w_v, real: attended(
                    x @ w_q, context @ w_k, context @ w_v, real, np.sqrt(len(context))),
            ),
        ),
        Mistake(
            "other-axis",
            ro="Softmax merge de-a lungul rândului, pe cuvintele citite: `axis=-1`.",
            en="Softmax runs along the row, over the words read: `axis=-1`.",
            wrong=lambda x, context, w_q, w_k, w_v, real: (
                np.where(real, _softmax(x @ w_q @ (context @ w_k).T / np.sqrt(w_q.shape[1]), 0), 0) @ (context @ w_v)
            ),
        ),
        Mistake(
            "no-softmax",
            ro="Lipsește softmax: scorurile nu sunt ponderi.",
            en="The softmax is missing: scores are not weights.",
            wrong=lambda x, context, w_q, w_k, w_v, real: (
                np.where(real, x @ w_q @ (context @ w_k).T / np.sqrt(w_q.shape[1]), 0) @ (context @ w_v)
            ),
        ),
        Mistake(
            "weights-alone",
            ro="Acestea sunt ponderile, `(T, S)`. Mai trebuie înmulțite cu valorile.",
            en="These are the weights, `(T, S)`. They still have to multiply the values.",
            wrong=lambda x, context, w_q, w_k, w_v, real: (
                _softmax(np.where(real, x @ w_q @ (context @ w_k).T / np.sqrt(w_q.shape[1]), -np.inf))
            ),
        ),
        Mistake(
            "no-values",
            ro="Ponderile înmulțesc valorile, `context @ w_v`, nu vectorii din `context`.",
            en="The weights multiply the values, `context @ w_v`, not the vectors of `context`.",
            wrong=(
                lambda x, context, w_q, w_k, w_v, real: attended(x @ w_q, context @ w_k, context, real),
                lambda x, context, w_q, w_k, w_v, real: attended(x @ w_q, context @ w_k, context @ w_k, real),
            ),
        ),
    ),
)

# 4. The diagnosis

FAULTS = ("mask", "sqrt", "positions", "skip", "cache", "targets")  # as the page lists them, from 1 to 6
PANELS = ("skip", "targets", "cache", "sqrt", "mask", "positions")  # behind the letters A to F
SHOWS = {  # what a fault would show, in both languages, after "Greșeala ... ar arăta" and "Fault ... would show"
    "mask": {"ro": "o pierdere la antrenare care coboară treptat mult sub modelul sănătos, iar cuvânt cu cuvânt urcă",
             "en": "a training loss that goes gradually far below the healthy one, while word by word the loss rises"},
    "sqrt": {"ro": "două curbe împreună, în urma celor gri la început și mai aproape de ele la sfârșit",
             "en": "two curves together, behind the grey ones at first and closer to them at the end"},
    "positions": {"ro": "o pornire ca a modelului sănătos, apoi două curbe care se opresc împreună puțin mai sus",
                  "en": "a start like that of the healthy model, then two curves that end together a little higher"},
    "skip": {"ro": "o pornire greoaie: după 100 de pași amândouă curbele sunt mult în urmă",
             "en": "a slow start: after 100 steps both curves are far behind"},
    "cache": {"ro": "o antrenare întocmai ca a modelului sănătos și numai citirea cuvânt cu cuvânt mai rea",
              "en": "a training exactly like that of the healthy model, and only the reading word by word worse"},
    "targets": {"ro": "o pierdere la antrenare de zero aproape de la primul pas, iar cuvânt cu cuvânt una uriașă",
                "en": "a training loss of zero almost from the first step, and a huge one word by word"},
}  # fmt: skip


def diagnosis(panel):
    return FAULTS.index(PANELS[panel]) + 1


def _said(trials: list[Trial]) -> list[float | None]:
    """The number that came for each panel, where one came."""
    values = [trial.outcome.value for trial in trials]
    return [value.item() if value is not None and value.size == 1 else None for value in values]


def fits(panel: int, number: float) -> np.ndarray:
    """1 where the number is that of the panel's fault: what is expected may be shown, and gives nothing away."""
    return np.asarray(float(number == diagnosis(panel)))


def _confusion(panel: int, said: str) -> Mistake:
    true, letter = PANELS[panel], "ABCDEF"[panel]
    number = FAULTS.index(said) + 1
    return Mistake(
        f"{said}-for-{true}",
        ro=f"Panoul {letter} nu arată greșeala {number}. Aceea ar arăta {SHOWS[said]['ro']}. Aici vezi "
        f"{SHOWS[true]['ro']}.",
        en=f"Panel {letter} does not show fault {number}. That one would show {SHOWS[said]['en']}. Here you see "
        f"{SHOWS[true]['en']}.",
        when=lambda trials: (
            _said(trials)[panel] == number
            and all(trial.passed for trial in trials[:panel])
            and len(set(_said(trials))) > 1
        ),
    )


DIAGNOSIS = Exercise(
    "07b.diagnosis",
    diagnosis,
    lambda rng: [(panel,) for panel in range(6)],
    (
        Mistake(
            "from-zero",
            ro="Greșelile sunt numerotate de la 1 la 6.",
            en="The faults are numbered from 1 to 6.",
            wrong=lambda panel: diagnosis(panel) - 1,
            when=lambda trials: any(said is not None and said not in range(1, 7) for said in _said(trials)),
        ),
        Mistake(
            "one-panel-on",
            ro="Panourile sunt numerotate de la 0: `panel` e 0 pentru A și 5 pentru F.",
            en="The panels are numbered from 0: `panel` is 0 for A and 5 for F.",
            wrong=lambda panel: diagnosis(panel - 1),
        ),
        Mistake(
            "twice",
            ro="O greșeală stă la două panouri. Fiecare panou are greșeala lui, fiecare număr apare o singură dată.",
            en="One fault stands at two panels. Every panel has its own, and each number comes once.",
            when=lambda trials: None not in _said(trials) and 1 < len(set(_said(trials))) < 6,
        ),
        *(_confusion(panel, said) for panel in range(6) for said in FAULTS if said != PANELS[panel]),
    ),
    measure=fits,
    measured=("potrivire", "match"),
)

EXERCISES = (WITHOUT_HEAD, FLOOR, CROSS, DIAGNOSIS)
