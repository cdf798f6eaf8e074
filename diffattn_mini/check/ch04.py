"""Chapter 4: self-attention."""

import numpy as np

from ..attention.softmax import softmax
from .engine import Exercise
from .mistakes import Mistake

# 1. Causal self-attention


def causal_self_attention(x, w_q, w_k, w_v):
    return _look(x @ w_q, x @ w_k, x @ w_v)


def causal_cases(rng: np.random.Generator) -> list[tuple]:
    one = np.ones((1, 1))
    cases = [(np.array([[2.0]]), one, one, 3 * one), (np.array([[1.0], [-2.0]]), one, 2 * one, one)]
    for T, D, d in ((2, 2, 2), (3, 2, 4), (3, 4, 3), (4, 3, 5), (5, 6, 4), (7, 4, 2)):
        cases.append((rng.normal(size=(T, D)).round(1), *rng.normal(size=(3, D, d)).round(1)))
    return cases


def _scores(q, k):
    return q @ k.T / np.sqrt(q.shape[-1])


def _allowed(n, diagonal=0):
    return np.tril(np.ones((n, n), dtype=bool), diagonal)


def _look(q, k, v, scores=_scores, allowed=_allowed):
    return softmax(np.where(allowed(len(q)), scores(q, k), -np.inf)) @ v


def _with(change):
    """The answer of somebody who gets q, k and v right and then does `change`."""
    return lambda x, w_q, w_k, w_v: change(x @ w_q, x @ w_k, x @ w_v)


def _strict(q, k, v):
    weights = np.where(_allowed(len(q), -1), _scores(q, k), -np.inf)
    with np.errstate(all="ignore"):
        e = np.exp(weights - weights.max(-1, keepdims=True))
        return e / e.sum(-1, keepdims=True) @ v


CAUSAL = Exercise(
    "04.causal",
    causal_self_attention,
    causal_cases,
    (
        Mistake(
            "no-mask",
            ro="Lipsește masca: primele cuvinte se uită și la cele de după ele.",
            en="The mask is missing: the first words look at those after them too.",
            wrong=_with(lambda q, k, v: softmax(_scores(q, k)) @ v),
        ),
        Mistake(
            "mask-after",
            ro="Masca vine după softmax: numitorul a numărat deja viitorul, iar rândul nu mai face unu. Pune −∞ în "
            "scoruri, înainte.",
            en="The mask comes after softmax: the denominator has already counted the future, and the row no longer "
            "makes one. Put −∞ into the scores, before it.",
            wrong=(
                _with(lambda q, k, v: softmax(_scores(q, k)) * _allowed(len(q)) @ v),
                _with(lambda q, k, v: softmax(q @ k.T) * _allowed(len(q)) @ v),
            ),
        ),
        Mistake(
            "zero-scores",
            ro="Ai pus zero în scoruri, dar e la puterea 0 e 1: viitorul primește atenție. Se pune −∞.",
            en="You put zero into the scores, but e to the power 0 is 1: the future gets attention. Put −∞.",
            wrong=(
                _with(lambda q, k, v: softmax(_scores(q, k) * _allowed(len(q))) @ v),
                _with(lambda q, k, v: softmax(np.tril(q @ k.T)) @ v),
                _with(lambda q, k, v: softmax(_scores(q, k) - 1.0 * ~_allowed(len(q))) @ v),
            ),
        ),
        Mistake(
            "past-hidden",
            ro="Masca e întoarsă: ai ascuns trecutul și ai lăsat viitorul.",
            en="The mask is the wrong way round: you hid the past and left the future.",
            wrong=(
                _with(lambda q, k, v: _look(q, k, v, allowed=lambda n: _allowed(n).T)),
                _with(lambda q, k, v: softmax(_scores(q, k)) * _allowed(len(q)).T @ v),
            ),
        ),
        Mistake(
            "diagonal-hidden",
            ro="Ai ascuns și diagonala. Un cuvânt se vede pe sine; altfel primul n-ar avea la ce să se uite.",
            en="You hid the diagonal too. A word sees itself; otherwise the first would have nothing to look at.",
            wrong=(
                _with(_strict),
                _with(lambda q, k, v: np.nan_to_num(_strict(q, k, v))),
                _with(lambda q, k, v: softmax(np.where(_allowed(len(q), -1), _scores(q, k), -1e9)) @ v),
            ),
        ),
        Mistake(
            "one-too-far",
            ro="Fiecare cuvânt vede și cuvântul următor: masca e deplasată cu unu.",
            en="Every word sees the next one too: the mask is shifted by one.",
            wrong=_with(lambda q, k, v: _look(q, k, v, allowed=lambda n: _allowed(n, 1))),
        ),
        Mistake(
            "no-root",
            ro="Lipsește împărțirea la √d.",
            en="The division by √d is missing.",
            wrong=(
                _with(lambda q, k, v: _look(q, k, v, lambda q, k: q @ k.T)),
                _with(lambda q, k, v: _look(q, k, v, lambda q, k: q @ k.T / q.shape[-1])),
            ),
        ),
        Mistake(
            "wrong-root",
            ro="`d` e lățimea interogărilor, adică numărul de coloane al lui `w_q`, nu lățimea lui `x` sau lungimea "
            "propoziției.",
            en="`d` is the width of the queries, the number of columns of `w_q`, not the width of `x` or the length of "
            "the sentence.",
            wrong=(
                lambda x, w_q, w_k, w_v: _look(x @ w_q, x @ w_k, x @ w_v, lambda q, k: q @ k.T / np.sqrt(x.shape[1])),
                lambda x, w_q, w_k, w_v: _look(x @ w_q, x @ w_k, x @ w_v, lambda q, k: q @ k.T / np.sqrt(len(x))),
            ),
        ),
        Mistake(
            "roles",
            ro="Rolurile s-au încurcat: rândul e al interogării, coloana a cheii, iar ponderile amestecă valorile.",
            en="The roles are mixed up: the row is the query's, the column the key's, and the weights mix the values.",
            wrong=(
                _with(lambda q, k, v: _look(k, q, v)),
                _with(lambda q, k, v: _look(q, k, k)),
                _with(lambda q, k, v: _look(q, q, v)),
                _with(lambda q, k, v: _look(k, k, v)),
                _with(lambda q, k, v: _look(q, v, k)),
                lambda x, w_q, w_k, w_v: _look(x @ w_q, x @ w_k, x),
                lambda x, w_q, w_k, w_v: _look(x, x, x),
            ),
        ),
        Mistake(
            "wrong-axis",
            ro="Softmax e luat pe coloane. Fiecare rând, adică fiecare cuvânt care întreabă, trebuie să facă unu.",
            en="Softmax is taken over the columns. Each row, that is each word that asks, must make one.",
            wrong=(
                _with(lambda q, k, v: softmax(np.where(_allowed(len(q)), _scores(q, k), -np.inf), axis=0) @ v),
                _with(lambda q, k, v: softmax(np.where(_allowed(len(q)), q @ k.T, -np.inf), axis=0) @ v),
            ),
        ),
        Mistake(
            "weights",
            ro="Aceasta e harta. Mai rămâne de amestecat valorile: `weights @ v`.",
            en="This is the map. The values are still to be mixed: `weights @ v`.",
            wrong=_with(lambda q, k, v: softmax(np.where(_allowed(len(q)), _scores(q, k), -np.inf))),
        ),
    ),
)


# 2. Several heads


def multi_head(q, k, v, h):
    return np.concatenate([softmax(_scores(a, b)) @ c for a, b, c in _slices(q, k, v, h)], axis=1)


def _slices(q, k, v, h):
    return zip(*(np.split(x, h, axis=1) for x in (q, k, v)), strict=True)


def heads_cases(rng: np.random.Generator) -> list[tuple]:
    cases = [(np.array([[1.0, 2.0]]), np.array([[1.0, 0.0]]), np.array([[3.0, 4.0]]), 2)]
    for T, D, h in ((2, 2, 1), (2, 2, 2), (3, 4, 2), (2, 6, 3), (4, 4, 2), (3, 6, 2), (4, 8, 4), (5, 6, 6), (6, 8, 1)):
        cases.append((*rng.normal(scale=1.5, size=(3, T, D)).round(1), h))
    return cases


def _mixed(x, h):
    return x.reshape(h, len(x), -1)


def _cut(x, h):
    return x.reshape(len(x), h, -1).transpose(1, 0, 2)


def _heads(q, k, v, h, cut=_cut, root=None):
    q, k, v = (cut(x, h) for x in (q, k, v))
    return softmax(q @ k.transpose(0, 2, 1) / (root or np.sqrt(q.shape[-1]))) @ v


def _glue(heads):
    return heads.transpose(1, 0, 2).reshape(heads.shape[1], -1)


HEADS = Exercise(
    "04.multi-head",
    multi_head,
    heads_cases,
    (
        Mistake(
            "reshape",
            ro="`reshape(h, T, d)` taie de-a lungul cuvintelor și le amestecă. Desparte ultima axă, apoi mută axa "
            "capetelor: `reshape(T, h, d).transpose(1, 0, 2)`.",
            en="`reshape(h, T, d)` cuts along the words and mixes them. Split the last axis, then move the axis of the "
            "heads: `reshape(T, h, d).transpose(1, 0, 2)`.",
            wrong=(
                lambda q, k, v, h: _heads(q, k, v, h, _mixed).reshape(q.shape),
                lambda q, k, v, h: _glue(_heads(q, k, v, h, _mixed)),
            ),
        ),
        Mistake(
            "glue",
            ro="Capetele sunt bune, dar lipite greșit: înainte de ultimul `reshape`, axa capetelor se întoarce lângă "
            "`d`.",
            en="The heads are right but glued together wrongly: before the last `reshape` the axis of the heads goes "
            "back beside `d`.",
            wrong=(
                lambda q, k, v, h: _heads(q, k, v, h).reshape(q.shape),
                lambda q, k, v, h: _heads(q, k, v, h).transpose(1, 2, 0).reshape(q.shape),
            ),
        ),
        Mistake(
            "one-head",
            ro="Ai făcut un singur cap, pe toată lățimea. Fiecare felie de coloane are harta ei.",
            en="You made a single head, of the whole width. Each slice of columns has its own map.",
            wrong=(
                lambda q, k, v, h: softmax(_scores(q, k)) @ v,
                lambda q, k, v, h: softmax(q @ k.T / np.sqrt(q.shape[1] / h)) @ v,
                lambda q, k, v, h: softmax(q @ k.T) @ v,
            ),
        ),
        Mistake(
            "wrong-root",
            ro="Un cap are lățimea d = D / h; la rădăcina ei se împart scorurile, nu la rădăcina lui D.",
            en="A head has width d = D / h; the scores are divided by its root, not by the root of D.",
            wrong=(
                lambda q, k, v, h: _glue(_heads(q, k, v, h, root=np.sqrt(q.shape[1]))),
                lambda q, k, v, h: _glue(_heads(q, k, v, h, root=np.sqrt(h))),
                lambda q, k, v, h: _glue(_heads(q, k, v, h, root=q.shape[1] / h)),
            ),
        ),
        Mistake(
            "no-root",
            ro="Lipsește împărțirea la √d, cu d = D / h.",
            en="The division by √d is missing, with d = D / h.",
            wrong=lambda q, k, v, h: _glue(_heads(q, k, v, h, root=1.0)),
        ),
        Mistake(
            "not-glued",
            ro="Ieșirile capetelor trebuie lipite la loc, una lângă alta, cu forma `(T, D)`.",
            en="The outputs of the heads are to be glued together, side by side, with shape `(T, D)`.",
            wrong=(lambda q, k, v, h: _heads(q, k, v, h), lambda q, k, v, h: np.concatenate(_heads(q, k, v, h))),
        ),
        Mistake(
            "averaged",
            ro="Ai făcut media sau suma capetelor. Ele se lipesc unul lângă altul: lățimea rămâne D.",
            en="You averaged or added the heads. They are glued side by side: the width stays D.",
            wrong=(lambda q, k, v, h: _heads(q, k, v, h).mean(0), lambda q, k, v, h: _heads(q, k, v, h).sum(0)),
        ),
        Mistake(
            "causal",
            ro="Aici nu se cere mască: fiecare cuvânt le vede pe toate.",
            en="No mask is asked for here: every word sees all of them.",
            wrong=lambda q, k, v, h: np.concatenate([_look(a, b, c) for a, b, c in _slices(q, k, v, h)], axis=1),
        ),
        Mistake(
            "wrong-axis",
            ro="Softmax e luat pe altă axă decât ultima. Fiecare rând al fiecărei hărți trebuie să facă unu.",
            en="Softmax is taken along another axis than the last. Each row of each map must make one.",
            wrong=(
                lambda q, k, v, h: np.concatenate(
                    [softmax(_scores(a, b), axis=0) @ c for a, b, c in _slices(q, k, v, h)], axis=1),
                lambda q, k, v, h: _glue(softmax(_cut(q, h) @ _cut(k, h).transpose(0, 2, 1)
                                                 / np.sqrt(q.shape[1] / h), axis=0) @ _cut(v, h)),
            ),
        ),
        Mistake(
            "every-other",
            ro="Ai luat coloane din h în h. Capul 0 are primele D / h coloane, unele lângă altele.",
            en="You took every h-th column. Head 0 has the first D / h columns, side by side.",
            wrong=lambda q, k, v, h: _every_other(q, k, v, h),
        ),
        Mistake(
            "first-head",
            ro="Ai calculat doar primul cap, sau același cap de mai multe ori.",
            en="You computed the first head only, or the same head again and again.",
            wrong=(
                lambda q, k, v, h: _heads(q, k, v, h)[0],
                lambda q, k, v, h: np.tile(_heads(q, k, v, h)[0], (1, h)),
                lambda q, k, v, h: softmax(_scores(q[:, : q.shape[1] // h], k[:, : q.shape[1] // h])) @ v,
            ),
        ),
    ),
)


def _every_other(q, k, v, h):
    output = np.empty_like(q)
    for i in range(h):
        output[:, i::h] = softmax(_scores(q[:, i::h], k[:, i::h])) @ v[:, i::h]
    return output


# 3. A rotation at every place


def rotate(x, omega):
    return _turn(x, omega * np.arange(len(x)))


def _turn(x, angles, signs=(-1, 1)):
    cos, sin = np.cos(angles), np.sin(angles)
    return np.stack([x[:, 0] * cos + signs[0] * x[:, 1] * sin, signs[1] * x[:, 0] * sin + x[:, 1] * cos], axis=1)


def rotate_cases(rng: np.random.Generator) -> list[tuple]:
    cases = [(np.array([[1.0, 0.0]]), 1.0), (np.array([[2.0, 1.0], [1.0, 0.0]]), float(np.pi / 2)),
             (np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 2.0]]), 0.5)]  # fmt: skip
    for T in (2, 3, 4, 6, 9):
        cases.append((rng.normal(size=(T, 2)).round(1) + 0.03, float(rng.uniform(0.1, 1.2))))
    return cases


def _places(x):
    return np.arange(len(x))


ROTATE = Exercise(
    "04.rotate",
    rotate,
    rotate_cases,
    (
        Mistake(
            "clockwise",
            ro="Ai rotit în sensul acelor de ceasornic. În sens trigonometric, (1, 0) merge spre (0, 1).",
            en="You turned clockwise. Anticlockwise, (1, 0) goes towards (0, 1).",
            wrong=lambda x, omega: _turn(x, -omega * _places(x)),
        ),
        Mistake(
            "from-one",
            ro="Ai numărat locurile de la 1. Rândul 0 nu se rotește deloc.",
            en="You counted places from 1. Row 0 does not turn at all.",
            wrong=lambda x, omega: _turn(x, omega * (_places(x) + 1)),
        ),
        Mistake(
            "same-angle",
            ro="Ai rotit toate rândurile cu același unghi. Unghiul crește cu locul: `omega * t`.",
            en="You turned all rows by the same angle. The angle grows with the place: `omega * t`.",
            wrong=(
                lambda x, omega: _turn(x, omega * np.ones(len(x))),
                lambda x, omega: _turn(x, omega * len(x) * np.ones(len(x))),
            ),
        ),
        Mistake(
            "no-frequency",
            ro="Frecvența `omega` nu intră în unghi, sau intră altfel: unghiul e `omega * t`.",
            en="The frequency `omega` does not enter the angle, or enters otherwise: the angle is `omega * t`.",
            wrong=(
                lambda x, omega: _turn(x, 1.0 * _places(x)),
                lambda x, omega: _turn(x, _places(x) / omega),
                lambda x, omega: _turn(x, omega ** _places(x)),
                lambda x, omega: _turn(x, 2 * np.pi * omega * _places(x)),
            ),
        ),
        Mistake(
            "degrees",
            ro="Ai trecut unghiul din grade în radiani, dar `omega * t` e deja în radiani.",
            en="You converted the angle from degrees, but `omega * t` is in radians already.",
            wrong=(lambda x, omega: _turn(x, np.radians(omega * _places(x))),
                   lambda x, omega: _turn(x, np.degrees(omega * _places(x)))),
        ),
        Mistake(
            "sign",
            ro="Un semn e greșit: rotația e (a cos − b sin, a sin + b cos), cu un singur minus.",
            en="A sign is wrong: the rotation is (a cos − b sin, a sin + b cos), with a single minus.",
            wrong=(
                lambda x, omega: _turn(x, omega * _places(x), (1, 1)),
                lambda x, omega: _turn(x, omega * _places(x), (-1, -1)),
            ),
        ),
        Mistake(
            "overwritten",
            ro="Prima coloană a fost schimbată înainte ca a doua să o folosească. Ține minte valorile vechi.",
            en="The first column was changed before the second used it. Keep the old values.",
            wrong=lambda x, omega: _overwritten(x, omega),
        ),
        Mistake(
            "swapped",
            ro="Sinusul și cosinusul și-au schimbat locurile: la unghiul 0 nimic nu trebuie să se miște.",
            en="Sine and cosine have changed places: at angle 0 nothing may move.",
            wrong=(
                lambda x, omega: _turn(x, np.pi / 2 - omega * _places(x)),
                lambda x, omega: (lambda s, c: np.stack([x[:, 0] * s - x[:, 1] * c, x[:, 0] * c + x[:, 1] * s], 1))(
                    np.sin(omega * _places(x)), np.cos(omega * _places(x))),
            ),
        ),
        Mistake(
            "added",
            ro="Ai adunat unda la vector. RoPE nu adună, rotește: lungimea perechii rămâne aceeași.",
            en="You added the wave to the vector. RoPE does not add, it turns: the length of the pair stays the same.",
            wrong=(
                lambda x, omega: x + np.stack([np.sin(omega * _places(x)), np.cos(omega * _places(x))], axis=1),
                lambda x, omega: x + np.stack([np.cos(omega * _places(x)), np.sin(omega * _places(x))], axis=1),
            ),
        ),
        Mistake(
            "stretched",
            ro="Ai înmulțit numerele cu unde, dar nu le-ai rotit: lipsește partea încrucișată, b sin și a sin.",
            en="You multiplied the numbers by waves but did not turn them: the crossed part is missing, b sin and a "
            "sin.",
            wrong=(
                lambda x, omega: x * np.cos(omega * _places(x))[:, None],
                lambda x, omega: x * np.stack([np.cos(omega * _places(x)), np.sin(omega * _places(x))], axis=1),
                lambda x, omega: x * (omega * _places(x))[:, None],
            ),
        ),
        Mistake(
            "transposed-shape",
            ro="Rezultatul are forma `(2, T)`. Pune coloanele una lângă alta: `axis=1`.",
            en="The result has shape `(2, T)`. Put the columns side by side: `axis=1`.",
            wrong=lambda x, omega: rotate(x, omega).T,
        ),
    ),
)


def _overwritten(x, omega):
    x, (cos, sin) = x.copy(), (np.cos(omega * _places(x)), np.sin(omega * _places(x)))
    x[:, 0] = x[:, 0] * cos - x[:, 1] * sin
    x[:, 1] = x[:, 0] * sin + x[:, 1] * cos
    return x


EXERCISES = (CAUSAL, HEADS, ROTATE)
