"""Chapter 5: recurrent networks and the LSTM."""

from dataclasses import replace

import numpy as np

from .engine import Exercise
from .mistakes import Mistake
from .signs import fails_only

# 1. The recurrent network


def rnn(x, W, U, b):
    return _run(x, lambda word, h: np.tanh(W @ word + U @ h + b), b)


def _run(x, step, b):
    h, states = np.zeros(len(b)), []
    for word in x:
        h = step(word, h)
        states.append(h)
    return np.stack(states)


def rnn_cases(rng: np.random.Generator) -> list[tuple]:
    one = np.ones((1, 1))
    cases = [(one, one, 0.5 * one, np.zeros(1)), (np.array([[1.0], [0.0], [0.0]]), one, 0.5 * one, np.array([0.25]))]
    cases.append((np.array([[1000.3], [999.6]]), one, 0.5 * one, np.array([-1000.0])))  # they nearly cancel
    for T, D, n in ((1, 2, 3), (2, 2, 2), (3, 3, 2), (4, 2, 3), (3, 4, 4), (6, 3, 5), (14, 1, 2)):
        x, W, U, b = (rng.normal(scale=0.7, size=size).round(2) for size in ((T, D), (n, D), (n, n), n))
        cases.append((x, W, U, b))
    return cases


def _cell(change):
    """The answer of somebody whose step is change(word, h, W, U, b)."""
    return lambda x, W, U, b: _run(x, lambda word, h: change(word, h, W, U, b), b)


RNN = Exercise(
    "05.rnn",
    rnn,
    rnn_cases,
    (
        Mistake(
            "no-memory",
            ro="Starea veche nu intră în cea nouă: fiecare cuvânt e citit ca și cum ar fi primul.",
            en="The old state does not enter the new one: every word is read as if it were the first.",
            wrong=(
                lambda x, W, U, b: np.tanh(x @ W.T + b),
                lambda x, W, U, b: np.tanh(x @ W.T),
                _cell(lambda word, h, W, U, b: np.tanh(W @ word + U @ np.zeros(len(b)) + b)),
            ),
        ),
        Mistake(
            "no-tanh",
            ro="Lipsește `tanh`: fără el starea poate crește oricât.",
            en="`tanh` is missing: without it the state can grow without limit.",
            wrong=_cell(lambda word, h, W, U, b: W @ word + U @ h + b),
        ),
        Mistake(
            "tanh-too-late",
            ro="`tanh` se aplică la fiecare pas, pe starea care merge mai departe, nu la sfârșit pe toate.",
            en="`tanh` is applied at every step, to the state that goes on, not to all of them at the end.",
            wrong=lambda x, W, U, b: np.tanh(_run(x, lambda word, h: W @ word + U @ h + b, b)),
        ),
        Mistake(
            "part-outside",
            ro="`tanh` cuprinde toată suma: W x, U h și deplasarea.",
            en="`tanh` takes the whole sum: W x, U h and the bias.",
            wrong=(
                _cell(lambda word, h, W, U, b: np.tanh(W @ word + b) + U @ h),
                _cell(lambda word, h, W, U, b: np.tanh(W @ word) + U @ h + b),
                _cell(lambda word, h, W, U, b: np.tanh(W @ word + U @ h) + b),
                _cell(lambda word, h, W, U, b: np.tanh(W @ word) + np.tanh(U @ h) + b),
                _cell(lambda word, h, W, U, b: W @ word + np.tanh(U @ h + b)),
            ),
        ),
        Mistake(
            "no-bias",
            ro="Lipsește deplasarea `b`.",
            en="The bias `b` is missing.",
            wrong=_cell(lambda word, h, W, U, b: np.tanh(W @ word + U @ h)),
        ),
        Mistake(
            "transposed",
            ro="Ai înmulțit cu U transpus. Cu vectori coloană, starea nouă are U @ h, nu h @ U.",
            en="You multiplied by U transposed. With column vectors the new state has U @ h, not h @ U.",
            wrong=_cell(lambda word, h, W, U, b: np.tanh(W @ word + h @ U + b)),
        ),
        Mistake(
            "elementwise",
            ro="Ai înmulțit starea număr cu număr, cu diagonala sau cu sumele lui U. U @ h amestecă toate numerele.",
            en="You multiplied the state number by number, by the diagonal or the sums of U. U @ h mixes all numbers.",
            wrong=(
                _cell(lambda word, h, W, U, b: np.tanh(W @ word + np.diag(U) * h + b)),
                _cell(lambda word, h, W, U, b: np.tanh(W @ word + U.sum(1) * h + b)),
                _cell(lambda word, h, W, U, b: np.tanh(W @ word + (U * h).sum() + b)),
            ),
        ),
        Mistake(
            "no-U",
            ro="Starea veche intră neînmulțită cu nimic: lipsește `U`.",
            en="The old state enters multiplied by nothing: `U` is missing.",
            wrong=_cell(lambda word, h, W, U, b: np.tanh(W @ word + h + b)),
        ),
        Mistake(
            "same-array",
            ro="Toate rândurile sunt ultima stare: ai pus în listă mereu același tablou, pe care apoi l-ai schimbat. "
            "Fă "
            "unul nou la fiecare pas, sau pune o copie.",
            en="All the rows are the last state: you put the same array into the list again and again, and changed it "
            "afterwards. Make a new one at every step, or append a copy.",
            wrong=lambda x, W, U, b: np.tile(rnn(x, W, U, b)[-1], (len(x), 1)),
        ),
        Mistake(
            "two-steps-back",
            ro="În fiecare stare intră cea de la pasul dinainte, nu prima, nici cea de acum doi pași.",
            en="Into every state goes that of the step before, not the first one, nor that of two steps ago.",
            wrong=(lambda x, W, U, b: _behind(x, W, U, b, lambda states: states[1:2] or states[:1]),
                   lambda x, W, U, b: _behind(x, W, U, b, lambda states: [np.zeros(len(b)), *states][-2:])),
        ),
        Mistake(
            "last-only",
            ro="Ai întors doar ultima stare. Se cer toate, cu forma `(T, n)`.",
            en="You returned the last state only. All of them are asked for, of shape `(T, n)`.",
            wrong=(lambda x, W, U, b: rnn(x, W, U, b)[-1], lambda x, W, U, b: rnn(x, W, U, b)[-1:]),
        ),
        Mistake(
            "with-the-start",
            ro="Ai pus în listă și starea de la început, cea de zerouri. Prima de întors e cea de după primul cuvânt.",
            en="You put the starting state, of zeros, in the list too. The first to return is that after the first "
            "word.",
            wrong=(
                lambda x, W, U, b: np.vstack([np.zeros(len(b)), rnn(x, W, U, b)]),
                lambda x, W, U, b: np.vstack([np.zeros(len(b)), rnn(x, W, U, b)[:-1]]),
            ),
        ),
        Mistake(
            "backwards",
            ro="Ai citit textul de la coadă la cap, sau ai întors stările în ordine inversă.",
            en="You read the text from the end to the beginning, or returned the states in reverse order.",
            wrong=(lambda x, W, U, b: rnn(x[::-1], W, U, b), lambda x, W, U, b: rnn(x, W, U, b)[::-1],
                   lambda x, W, U, b: rnn(x[::-1], W, U, b)[::-1]),
        ),
        Mistake(
            "other-function",
            ro="Ai folosit altă funcție decât tangenta hiperbolică.",
            en="You used another function than the hyperbolic tangent.",
            wrong=(
                _cell(lambda word, h, W, U, b: 1 / (1 + np.exp(-(W @ word + U @ h + b)))),
                _cell(lambda word, h, W, U, b: np.maximum(W @ word + U @ h + b, 0)),
                _cell(lambda word, h, W, U, b: np.tan(W @ word + U @ h + b)),
            ),
        ),
        Mistake(
            "start",
            ro="Starea de la început e zero.",
            en="The starting state is zero.",
            wrong=(lambda x, W, U, b: _from(np.ones(len(b)), x, W, U, b), lambda x, W, U, b: _from(b, x, W, U, b)),
        ),
    ),
)


def _behind(x, W, U, b, which):
    """Every step looks at the first of which(states), the states so far after that of the start."""
    states = [np.zeros(len(b))]
    for word in x:
        states.append(np.tanh(W @ word + U @ which(states)[0] + b))
    return np.stack(states[1:])


def _from(h, x, W, U, b):
    states = []
    for word in x:
        h = np.tanh(W @ word + U @ h + b)
        states.append(h)
    return np.stack(states)


# 2. The derivative along the chain


def chain_derivative(h, u):
    return np.prod(u * (1 - h[1:] ** 2))


def chain_cases(rng: np.random.Generator) -> list[tuple]:
    cases = [(np.array([0.5]), 0.7), (np.array([0.8, 0.5]), 0.5), (np.array([0.3, 0.6]), -0.9),
             (np.array([0.2, -0.5, 0.4]), -0.8)]  # fmt: skip
    # One state and no weight at all; no weight; states at 0 and at the end of the scale; a long chain.
    cases += [(np.array([0.5]), 0.0), (np.array([0.5]), -3.0), (np.array([0.3, 0.5, 0.2]), 0.0), (np.zeros(3), 2.0),
              (np.array([0.4, 1.0, 0.5]), 1.5), (np.array([0.5, 0.9991, 0.998]), 100.0)]  # fmt: skip
    for T in (2, 3, 4, 5, 7, 14):
        cases.append((rng.uniform(-0.9, 0.9, size=T).round(2), float(rng.choice([0.6, 0.9, 1.3, -1.1, 1.7]))))
    return cases


CHAIN = Exercise(
    "05.chain-derivative",
    chain_derivative,
    chain_cases,
    (
        Mistake(
            "one-too-many",
            ro="Un factor în plus: de la h₁ la h_T sunt T − 1 pași, iar factorul pasului t folosește h_t, de la t = 2.",
            en="One factor too many: from h₁ to h_T there are T − 1 steps, and the factor of step t uses h_t, from "
            "t = 2 on.",
            wrong=(
                lambda h, u: np.prod(u * (1 - h**2)),
                lambda h, u: u ** len(h) * np.prod(1 - h[1:] ** 2),
                lambda h, u: u ** (len(h) - 1) * np.prod(1 - h**2),
            ),
        ),
        Mistake(
            "shifted",
            ro="Factorii sunt mutați cu unu: derivata e 1 − h_t², luată unde ajunge pasul, nu de unde pleacă.",
            en="The factors are shifted by one: the derivative of h_t is 1 − h_t², taken where the step arrives, not "
            "where it starts.",
            wrong=lambda h, u: np.prod(u * (1 - h[:-1] ** 2)),
        ),
        Mistake(
            "no-slope",
            ro="Lipsește derivata lui `tanh`, 1 − h².",
            en="The derivative of `tanh`, 1 − h², is missing.",
            wrong=(lambda h, u: u ** (len(h) - 1), lambda h, u: u ** len(h)),
        ),
        Mistake(
            "no-weight",
            ro="Lipsește `u`, câte unul la fiecare pas.",
            en="`u` is missing, one for every step.",
            wrong=(lambda h, u: np.prod(1 - h[1:] ** 2), lambda h, u: np.prod(1 - h**2)),
        ),
        Mistake(
            "one-weight",
            ro="`u` apare o singură dată. Fiecare pas înmulțește cu el.",
            en="`u` appears once only. Every step multiplies by it.",
            wrong=lambda h, u: u * np.prod(1 - h[1:] ** 2),
        ),
        Mistake(
            "single-state",
            ro="Greșești doar când T = 1. Derivata lui h₁ în raport cu el însuși e 1, oricât ar fi `u`: un produs fără "
            "factori e 1.",
            en="You are wrong only when T = 1. The derivative of h₁ with respect to itself is 1, whatever `u` is: a "
            "product of no factors is 1.",
            when=lambda trials: fails_only(trials, lambda t: len(t.args[0]) == 1),
            wrong=lambda h, u: chain_derivative(h, u) if len(h) > 1 else 0.0,
        ),
        Mistake(
            "last-step",
            ro="Acesta e numai ultimul pas. De la h₁ la h_T se înmulțesc factorii tuturor pașilor.",
            en="This is the last step alone. From h₁ to h_T the factors of all the steps are multiplied.",
            wrong=(lambda h, u: u * (1 - h[-1] ** 2) if len(h) > 1 else 1.0, lambda h, u: u * (1 - h[-1] ** 2),
                   lambda h, u: u ** (len(h) - 1) * (1 - h[-1] ** 2)),
        ),
        Mistake(
            "sum",
            ro="Factorii se înmulțesc, nu se adună.",
            en="The factors are multiplied, not added.",
            wrong=(lambda h, u: np.sum(u * (1 - h[1:] ** 2)), lambda h, u: np.sum(u * (1 - h**2)),
                   lambda h, u: np.mean(u * (1 - h**2))),
        ),
        Mistake(
            "wrong-slope",
            ro="Derivata lui `tanh`, scrisă prin valoarea lui h, e 1 − h²; în h funcția e deja aplicată.",
            en="The derivative of `tanh`, in terms of its value h, is 1 − h²; in h the function is applied already.",
            wrong=(
                lambda h, u: np.prod(u * (1 - np.tanh(h[1:]) ** 2)),
                lambda h, u: np.prod(u * (1 - h[1:])),
                lambda h, u: np.prod(u * (1 + h[1:] ** 2)),
                lambda h, u: np.prod(u * h[1:] * (1 - h[1:])),
                lambda h, u: np.prod(u * (1 - h[1:]) ** 2),
            ),
        ),
        Mistake(
            "square-of-all",
            ro="`u` stă în afara pătratului: factorul e u (1 − h²).",
            en="`u` stands outside the square: the factor is u (1 − h²).",
            wrong=lambda h, u: np.prod(1 - (u * h[1:]) ** 2),
        ),
        Mistake(
            "all-derivatives",
            ro="Acestea sunt toate derivatele pe drum. Se cere numai cea de la capăt, un număr.",
            en="These are all the derivatives on the way. Only the one at the end is asked for, a number.",
            wrong=(lambda h, u: np.cumprod(u * (1 - h[1:] ** 2)), lambda h, u: u * (1 - h[1:] ** 2),
                   lambda h, u: u * (1 - h**2), lambda h, u: np.cumprod(u * (1 - h**2))),
        ),
        Mistake(
            "logarithm",
            ro="Acesta e logaritmul mărimii ei. Se cere derivata însăși.",
            en="This is the logarithm of its size. The derivative itself is asked for.",
            wrong=(lambda h, u: np.sum(np.log(np.abs(u * (1 - h[1:] ** 2)))),),
        ),
        Mistake(
            "sign-lost",
            ro="Semnul s-a pierdut: la `u` negativ, fiecare pas îl schimbă.",
            en="The sign is lost: with negative `u` every step changes it.",
            wrong=lambda h, u: np.abs(np.prod(u * (1 - h[1:] ** 2))),
        ),
    ),
)


# 3. A training step


def training_step(x, y, w, u, rate, limit):
    return np.array([w, u]) - rate * _clip(_gradient(x, y, w, u), limit)


def _states(x, w, u):
    h = [0.0]
    for word in x:
        h.append(np.tanh(w * word + u * h[-1]))
    return h


def _gradient(x, y, w, u, slope=lambda h: 1 - h**2, through=lambda u: u, loss=2.0, uses=None):
    """Of (h_T - y)^2 with respect to w and u. uses: so many of the last uses alone."""
    h = _states(x, w, u)
    back, gradient = loss * (h[-1] - y), np.zeros(2)
    for t in range(len(x), max(0, len(x) - (uses or len(x))), -1):
        back = back * slope(h[t])
        gradient = gradient + back * np.array([x[t - 1], h[t - 1]])
        back = back * through(u)
    return gradient


def _clip(gradient, limit):
    norm = np.sqrt((gradient**2).sum())
    return gradient * limit / norm if norm > limit else gradient


def step_cases(rng: np.random.Generator) -> list[tuple]:
    # Short gradients and long ones; limits just under and just over the norm; one word and many.
    cases = [(np.array([1.0]), 0.5, 1.0, 0.5, 0.1, 10.0), (np.array([1.0, 0.5]), -1.0, 0.5, 0.8, 0.5, 0.3),
             (np.array([0.5, -1.0, 0.5]), 1.0, 0.7, -0.6, 0.2, 5.0)]  # fmt: skip
    for T in (2, 3, 4, 5, 8):
        for room in (0.4, 0.95, 1.05, 3.0):
            norm, rate = 0.0, float(rng.choice([0.05, 0.1, 0.5]))
            while norm < 0.1:  # a gradient of nothing has no direction
                x, y = rng.normal(size=T).round(1), round(float(rng.uniform(-1.5, 1.5)), 1)
                w, u = map(float, rng.uniform(0.3, 1.2, size=2).round(1) * rng.choice([-1, 1], 2))
                norm = float(np.sqrt((_gradient(x, y, w, u) ** 2).sum()))
            cases.append((x, y, w, u, rate, round(room * norm, 4)))
    return cases


def _moved(change):
    """The answer of somebody whose clipped gradient is change(x, y, w, u, limit)."""
    return lambda x, y, w, u, rate, limit: np.array([w, u]) - rate * change(x, y, w, u, limit)


STEP = Exercise(
    "05.training-step",
    training_step,
    step_cases,
    (
        Mistake(
            "no-clipping",
            ro="Lipsește limitarea: când norma gradientului trece de `limit`, gradientul se scurtează până la ea.",
            en="Clipping is missing: where the norm of the gradient exceeds `limit`, the gradient is shortened to it.",
            wrong=_moved(lambda x, y, w, u, limit: _gradient(x, y, w, u)),
        ),
        Mistake(
            "always-clipped",
            ro="Gradientul capătă mereu lungimea `limit`, și când e mai scurt. Se scurtează numai când o depășește.",
            en="The gradient always gets the length `limit`, also where it is shorter. It is only ever shortened.",
            wrong=_moved(lambda x, y, w, u, limit: (lambda g: g * limit / np.sqrt((g**2).sum()))(
                _gradient(x, y, w, u))),
        ),
        Mistake(
            "clipped-apart",
            ro="Ai limitat fiecare derivată separat. Se limitează norma amândurora la un loc, iar direcția rămâne.",
            en="You limited each derivative apart. The norm of both together is limited, and the direction stays.",
            wrong=(
                _moved(lambda x, y, w, u, limit: np.clip(_gradient(x, y, w, u), -limit, limit)),
                _moved(lambda x, y, w, u, limit: np.minimum(_gradient(x, y, w, u), limit)),
            ),
        ),
        Mistake(
            "other-norm",
            ro="Norma e rădăcina sumei pătratelor, nu suma pătratelor, nici suma sau maximul mărimilor.",
            en="The norm is the root of the sum of squares, not the sum of squares, nor the sum or the largest of the "
            "sizes.",
            wrong=(
                _moved(lambda x, y, w, u, limit: (lambda g: g * min(1, limit / max((g**2).sum(), 1e-300)))(
                    _gradient(x, y, w, u))),
                _moved(lambda x, y, w, u, limit: (lambda g: g * min(1, limit / max(np.abs(g).sum(), 1e-300)))(
                    _gradient(x, y, w, u))),
                _moved(lambda x, y, w, u, limit: (lambda g: g * min(1, limit / max(np.abs(g).max(), 1e-300)))(
                    _gradient(x, y, w, u))),
            ),
        ),
        Mistake(
            "after-the-rate",
            ro="Întâi se limitează gradientul, apoi se înmulțește cu rata; la tine e invers.",
            en="The gradient is clipped first and then multiplied by the rate; you did it the other way round.",
            wrong=lambda x, y, w, u, rate, limit: np.array([w, u]) - _clip(rate * _gradient(x, y, w, u), limit),
        ),
        Mistake(
            "last-use",
            ro="Ai luat numai ultima folosire a fiecărei ponderi. Contribuțiile tuturor pașilor se adună.",
            en="You took only the last use of each weight. The contributions of all the steps are added.",
            wrong=_moved(lambda x, y, w, u, limit: _clip(_gradient(x, y, w, u, uses=1), limit)),
        ),
        Mistake(
            "no-slope",
            ro="Lipsește derivata lui `tanh`, 1 − h², câte una la fiecare pas.",
            en="The derivative of `tanh`, 1 − h², is missing, one for each step.",
            wrong=_moved(lambda x, y, w, u, limit: _clip(_gradient(x, y, w, u, slope=lambda h: 1.0), limit)),
        ),
        Mistake(
            "no-weight",
            ro="Drumul înapoi trece de la un pas la cel dinainte prin înmulțire cu `u`; la tine `u` lipsește.",
            en="The way back goes from a step to the one before by multiplying by `u`; yours has no `u`.",
            wrong=_moved(lambda x, y, w, u, limit: _clip(_gradient(x, y, w, u, through=lambda u: 1.0), limit)),
        ),
        Mistake(
            "no-two",
            ro="Derivata pătratului (h_T − y)² e 2 (h_T − y): verifică factorul 2 și semnul diferenței.",
            en="The derivative of the square (h_T − y)² is 2 (h_T − y): check the factor 2 and the sign of the "
            "difference.",
            wrong=_moved(lambda x, y, w, u, limit: _clip(_gradient(x, y, w, u, loss=1.0), limit)),
        ),
        Mistake(
            "uphill",
            ro="Ai mers în sensul în care pierderea crește: din ponderi se scade rata ori gradientul.",
            en="You went the way in which the loss grows: rate times gradient is subtracted from the weights.",
            wrong=lambda x, y, w, u, rate, limit: np.array([w, u]) + rate * _clip(_gradient(x, y, w, u), limit),
        ),
        Mistake(
            "no-rate",
            ro="Lipsește rata: gradientul se înmulțește cu `rate` înainte de a fi scăzut.",
            en="The rate is missing: the gradient is multiplied by `rate` before it is subtracted.",
            wrong=lambda x, y, w, u, rate, limit: np.array([w, u]) - _clip(_gradient(x, y, w, u), limit),
        ),
        Mistake(
            "gradient-returned",
            ro="Ai întors gradientul sau schimbarea. Se cer ponderile noi.",
            en="You returned the gradient or the change. The new weights are asked for.",
            wrong=(
                lambda x, y, w, u, rate, limit: _clip(_gradient(x, y, w, u), limit),
                lambda x, y, w, u, rate, limit: _gradient(x, y, w, u),
                lambda x, y, w, u, rate, limit: -rate * _clip(_gradient(x, y, w, u), limit),
            ),
        ),
        Mistake(
            "state-of-the-step",
            ro="Contribuția lui u la pasul t conține starea dinainte, h_{t−1}, nu h_t.",
            en="The contribution of u at step t holds the state before it, h_{t−1}, not h_t.",
            wrong=_moved(lambda x, y, w, u, limit: _clip(_gradient_of_new_states(x, y, w, u), limit)),
        ),
        Mistake(
            "order",
            ro="Întâi `w`, apoi `u`: le-ai întors invers.",
            en="First `w`, then `u`: you returned them the other way round.",
            wrong=lambda x, y, w, u, rate, limit: training_step(x, y, w, u, rate, limit)[::-1],
        ),
    ),
)


def _gradient_of_new_states(x, y, w, u):
    h = _states(x, w, u)
    back, gradient = 2 * (h[-1] - y), np.zeros(2)
    for t in range(len(x), 0, -1):
        back = back * (1 - h[t] ** 2)
        gradient = gradient + back * np.array([x[t - 1], h[t]])
        back = back * u
    return gradient


# 4. The LSTM cell


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def lstm_cell(x, h, c, W, U, b):
    return lstm_step(*np.split(W @ x + U @ h + b, 4), c)


def lstm_step(i, f, g, o, c):
    new = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return np.stack([sigmoid(o) * np.tanh(new), new])


def lstm_cases(rng: np.random.Generator) -> list[tuple]:
    def case(D: int, n: int, scale: float = 0.8) -> tuple:
        sizes = D, n, n, (4 * n, D), (4 * n, n), 4 * n
        return tuple(rng.normal(scale=scale, size=size).round(1) for size in sizes)

    # Gates wide open and shut: the rows of the first word are large.
    wide = (np.array([1.0]), np.zeros(2), np.array([0.5, 3.0]),
            np.array([9.0, -9.0, -9.0, 9.0, 0.5, 3.0, 9.0, -1.0])[:, None], np.zeros((8, 2)), np.zeros(8))
    sizes = (1, 1), (2, 1), (1, 2), (2, 2), (2, 2), (3, 2), (2, 3), (4, 4), (5, 6)
    return [case(*size) for size in sizes[:2]] + [wide] + [case(*size) for size in sizes[2:]] + [case(3, 4, 1.5)]


def _step(i, f, g, o, c, show=np.tanh):
    """With gates that are numbers already."""
    new = f * c + i * g
    return np.stack([o * show(new), new])


def _shown(i, f, g, o, c, show):
    """The right memory, and show(output gate, memory) in the place of the state."""
    memory = lstm_step(i, f, g, o, c)[1]
    return np.stack([show(sigmoid(o), memory), memory])


def _gates(step):
    """The answer of somebody who computes what goes into the gates correctly, and then step(i, f, g, o, c)."""
    return lambda x, h, c, W, U, b: step(*np.split(W @ x + U @ h + b, 4), c)


def _sums(change):
    """The answer of somebody for whom change(x, h, W, U, b) goes into the gates."""
    return lambda x, h, c, W, U, b: lstm_step(*np.split(change(x, h, W, U, b), 4), c)


STEPS = (  # in what follows the sums: functions of what goes into the gates, and of the memory
    Mistake(
        "gates-open",
        ro="O poartă sau toate trei au rămas fără sigmoidă, deci nu sunt între 0 și 1.",
        en="A gate, or all three, were left without the sigmoid, so they are not between 0 and 1.",
        wrong=(
            lambda i, f, g, o, c: _step(i, f, np.tanh(g), o, c),
            lambda i, f, g, o, c: _step(i, f, g, o, c),
            lambda i, f, g, o, c: _step(i, sigmoid(f), np.tanh(g), sigmoid(o), c),
            lambda i, f, g, o, c: _step(sigmoid(i), f, np.tanh(g), sigmoid(o), c),
            lambda i, f, g, o, c: _step(sigmoid(i), sigmoid(f), np.tanh(g), o, c),
        ),
    ),
    Mistake(
        "no-output-gate",
        ro="Starea nouă nu a trecut prin poarta de ieșire: h = o · tanh(c).",
        en="The new state has not gone through the output gate: h = o · tanh(c).",
        wrong=(
            lambda i, f, g, o, c: _step(sigmoid(i), sigmoid(f), np.tanh(g), 1.0, c),
            lambda i, f, g, o, c: _step(sigmoid(i), sigmoid(f), np.tanh(g), 1.0, c, show=lambda x: x),
        ),
    ),
    Mistake(
        "gate-inside",
        ro="Poarta de ieșire stă în afara lui `tanh`: h = o · tanh(c), nu tanh(o · c).",
        en="The output gate stands outside `tanh`: h = o · tanh(c), not tanh(o · c).",
        wrong=lambda i, f, g, o, c: _shown(i, f, g, o, c, lambda gate, belt: np.tanh(gate * belt)),
    ),
    Mistake(
        "no-input-gate",
        ro="Candidatul se adaugă la memorie prin poarta de intrare: i · tanh(g). La tine poarta lipsește.",
        en="The candidate is added to the memory through the input gate: i · tanh(g). Yours has no such gate.",
        wrong=(
            lambda i, f, g, o, c: _step(1.0, sigmoid(f), np.tanh(g), sigmoid(o), c),
            lambda i, f, g, o, c: _step(1.0, sigmoid(f), g, sigmoid(o), c),
        ),
    ),
    Mistake(
        "candidate",
        ro="Candidatul `g` trece prin `tanh`: nu prin sigmoidă, dar nici nu rămâne așa cum a ieșit din sumă.",
        en="The candidate `g` goes through `tanh`, not through the sigmoid, nor does it stay as the sum gave it.",
        wrong=(
            lambda i, f, g, o, c: _step(sigmoid(i), sigmoid(f), g, sigmoid(o), c),
            lambda i, f, g, o, c: _step(sigmoid(i), sigmoid(f), sigmoid(g), sigmoid(o), c),
        ),
    ),
    Mistake(
        "all-tangents",
        ro="Porțile i, f și o trec prin sigmoidă; numai candidatul trece prin `tanh`.",
        en="The gates i, f and o go through the sigmoid; only the candidate goes through `tanh`.",
        wrong=lambda i, f, g, o, c: _step(np.tanh(i), np.tanh(f), np.tanh(g), np.tanh(o), c),
    ),
    Mistake(
        "swapped-gates",
        ro="Poarta uitării înmulțește memoria veche, cea de intrare înmulțește candidatul. Ordinea rândurilor lui `W`, "
        "`U` și `b` e i, f, g, o.",
        en="The forget gate multiplies the old memory, the input gate the candidate. The rows of `W`, `U` and `b` are "
        "in the order i, f, g, o.",
        wrong=(
            lambda i, f, g, o, c: lstm_step(i, f, o, g, c),
            lambda i, f, g, o, c: lstm_step(g, i, f, o, c),
            lambda i, f, g, o, c: lstm_step(f, i, g, o, c),
            lambda i, f, g, o, c: lstm_step(o, f, g, i, c),
            lambda i, f, g, o, c: lstm_step(i, o, g, f, c),
        ),
    ),
    Mistake(
        "one-gate",
        ro="Ai folosit 1 − f în locul porții de intrare sau invers. Așa face GRU; LSTM are două porți separate.",
        en="You used 1 − f in place of the input gate. The GRU does that; the LSTM has two separate gates.",
        wrong=(
            lambda i, f, g, o, c: _step(1 - sigmoid(f), sigmoid(f), np.tanh(g), sigmoid(o), c),
            lambda i, f, g, o, c: _step(sigmoid(i), 1 - sigmoid(f), np.tanh(g), sigmoid(o), c),
        ),
    ),
    Mistake(
        "memory-shown",
        ro="Memoria trece prin `tanh` înainte de a se arăta în stare: h = o · tanh(c), nu o · c.",
        en="The memory goes through `tanh` before it shows in the state: h = o · tanh(c), not o · c.",
        wrong=lambda i, f, g, o, c: _step(sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o), c, show=lambda x: x),
    ),
    Mistake(
        "old-memory-shown",
        ro="Starea nouă vine din memoria nouă, nu din cea veche.",
        en="The new state comes from the new memory, not from the old one.",
        wrong=lambda i, f, g, o, c: np.stack([sigmoid(o) * np.tanh(c), lstm_step(i, f, g, o, c)[1]]),
    ),
    Mistake(
        "squashed-memory",
        ro="Memoria însăși nu trece prin `tanh`; numai ce se arată din ea.",
        en="The memory itself does not go through `tanh`; only what is shown of it does.",
        wrong=(
            lambda i, f, g, o, c: (lambda n: np.stack([sigmoid(o) * n, n]))(np.tanh(lstm_step(i, f, g, o, c)[1])),
            lambda i, f, g, o, c: (lambda n: np.stack([sigmoid(o) * np.tanh(n), n]))(
                np.tanh(lstm_step(i, f, g, o, c)[1])),
        ),
    ),
    Mistake(
        "order",
        ro="Întâi starea, apoi memoria: le-ai întors invers.",
        en="First the state, then the memory: you returned them the other way round.",
        wrong=lambda i, f, g, o, c: lstm_step(i, f, g, o, c)[::-1],
    ),
    Mistake(
        "one-of-two",
        ro="Ai întors numai una dintre ele. Se cer starea și memoria, cu forma `(2, n)`.",
        en="You returned only one of them. The state and the memory are asked for, of shape `(2, n)`.",
        wrong=tuple(lambda i, f, g, o, c, row=row: lstm_step(i, f, g, o, c)[row] for row in (0, 1)),
    ),
    Mistake(
        "side-by-side",
        ro="Ai concatenat starea și memoria. Se cere un tablou cu două rânduri, `(2, n)`.",
        en="You concatenated the state and the memory. An array of two rows is asked for, `(2, n)`.",
        wrong=(
            lambda i, f, g, o, c: lstm_step(i, f, g, o, c).ravel(),
            lambda i, f, g, o, c: lstm_step(i, f, g, o, c).T,
        ),
    ),
    Mistake(
        "nothing-kept",
        ro="Memoria veche nu mai apare, sau apare neînmulțită cu poarta uitării.",
        en="The old memory does not appear, or appears without the forget gate.",
        wrong=(
            lambda i, f, g, o, c: _step(sigmoid(i), 0.0, np.tanh(g), sigmoid(o), c),
            lambda i, f, g, o, c: _step(sigmoid(i), 1.0, np.tanh(g), sigmoid(o), c),
        ),
    ),
)
SUMS = (
    Mistake(
        "no-state",
        ro="Starea veche nu intră în porți: lipsește `U @ h`.",
        en="The old state does not enter the gates: `U @ h` is missing.",
        wrong=_sums(lambda x, h, W, U, b: W @ x + b),
    ),
    Mistake(
        "no-word",
        ro="Cuvântul nu intră în porți: lipsește `W @ x`.",
        en="The word does not enter the gates: `W @ x` is missing.",
        wrong=_sums(lambda x, h, W, U, b: U @ h + b),
    ),
    Mistake(
        "no-bias",
        ro="Lipsește deplasarea `b`.",
        en="The bias `b` is missing.",
        wrong=_sums(lambda x, h, W, U, b: W @ x + U @ h),
    ),
    Mistake(
        "memory-in-gates",
        ro="În porți intră starea `h`, nu memoria `c`.",
        en="The state `h` enters the gates, not the memory `c`.",
        wrong=lambda x, h, c, W, U, b: lstm_cell(x, c, c, W, U, b),
    ),
)

LSTM = Exercise(
    "05.lstm-cell",
    lstm_cell,
    lstm_cases,
    tuple(replace(mistake, wrong=tuple(map(_gates, mistake.functions))) for mistake in STEPS) + SUMS,
)

EXERCISES = (RNN, CHAIN, STEP, LSTM)
