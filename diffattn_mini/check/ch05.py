"""Chapter 5: recurrent networks and the LSTM."""

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
            ro="Lipsește tangenta: fără ea starea poate crește oricât.",
            en="The tangent is missing: without it the state can grow without limit.",
            wrong=_cell(lambda word, h, W, U, b: W @ word + U @ h + b),
        ),
        Mistake(
            "tanh-too-late",
            ro="Tangenta se aplică la fiecare pas, pe starea care merge mai departe, nu la sfârșit pe toate.",
            en="The tangent is applied at every step, to the state that goes on, not to all of them at the end.",
            wrong=lambda x, W, U, b: np.tanh(_run(x, lambda word, h: W @ word + U @ h + b, b)),
        ),
        Mistake(
            "part-outside",
            ro="Tangenta cuprinde toată suma: W x, U h și pragul.",
            en="The tangent takes the whole sum: W x, U h and the offset.",
            wrong=(
                _cell(lambda word, h, W, U, b: np.tanh(W @ word + b) + U @ h),
                _cell(lambda word, h, W, U, b: np.tanh(W @ word) + U @ h + b),
                _cell(lambda word, h, W, U, b: np.tanh(W @ word + U @ h) + b),
                _cell(lambda word, h, W, U, b: np.tanh(W @ word) + np.tanh(U @ h) + b),
                _cell(lambda word, h, W, U, b: W @ word + np.tanh(U @ h + b)),
            ),
        ),
        Mistake(
            "no-offset",
            ro="Lipsește pragul `b`.",
            en="The offset `b` is missing.",
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
            ro="Ai pus în listă și starea de pornire, cea de zerouri. Prima de întors e cea de după primul cuvânt.",
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
            ro="Starea de pornire e zero.",
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
            ro="Factorii sunt deplasați cu unu: panta e 1 − h_t², luată unde s-a ajuns, nu de unde s-a plecat.",
            en="The factors are shifted by one: the derivative of h_t is 1 − h_t², taken where the step arrives, not "
            "where it starts.",
            wrong=lambda h, u: np.prod(u * (1 - h[:-1] ** 2)),
        ),
        Mistake(
            "no-slope",
            ro="Lipsește panta tangentei, 1 − h².",
            en="The slope of the tangent, 1 − h², is missing.",
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
            ro="Greșești doar când T = 1. Derivata lui h₁ față de el însuși e 1, oricât ar fi `u`: un produs fără "
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
            ro="Panta tangentei hiperbolice, scrisă prin valoarea ei h, e 1 − h²; h e deja tangenta.",
            en="The slope of the hyperbolic tangent, in terms of its value h, is 1 − h²; h is the tangent already.",
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


# 3. One step of an LSTM


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def lstm_step(i, f, g, o, c):
    new = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return np.stack([sigmoid(o) * np.tanh(new), new])


def lstm_cases(rng: np.random.Generator) -> list[tuple]:
    small = [(0.0, 0.0, 1.0, 0.0, 2.0), (2.0, -1.0, 0.5, 1.0, -1.5)]
    cases = [tuple(np.array([x]) for x in numbers) for numbers in small]
    wide_open_and_shut = [9.0, -9.0], [-9.0, 9.0], [0.5, 3.0], [9.0, -1.0], [4.0, -4.0]
    cases.append(tuple(map(np.array, wide_open_and_shut)))
    return cases + [tuple(rng.normal(scale=1.5, size=(5, n)).round(1)) for n in (2, 2, 3, 4, 6, 14)]


def _step(i, f, g, o, c, show=np.tanh):
    """With gates that are numbers already."""
    new = f * c + i * g
    return np.stack([o * show(new), new])


def _shown(i, f, g, o, c, show):
    """The right belt, and show(output gate, belt) in the place of the state."""
    belt = lstm_step(i, f, g, o, c)[1]
    return np.stack([show(sigmoid(o), belt), belt])


LSTM = Exercise(
    "05.lstm-step",
    lstm_step,
    lstm_cases,
    (
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
            ro="Starea nouă nu a trecut prin poarta ieșirii: h = o · tanh(c).",
            en="The new state has not gone through the output gate: h = o · tanh(c).",
            wrong=(
                lambda i, f, g, o, c: _step(sigmoid(i), sigmoid(f), np.tanh(g), 1.0, c),
                lambda i, f, g, o, c: _step(sigmoid(i), sigmoid(f), np.tanh(g), 1.0, c, show=lambda x: x),
            ),
        ),
        Mistake(
            "gate-inside",
            ro="Poarta ieșirii stă în afara tangentei: h = o · tanh(c), nu tanh(o · c).",
            en="The output gate stands outside the tangent: h = o · tanh(c), not tanh(o · c).",
            wrong=lambda i, f, g, o, c: _shown(i, f, g, o, c, lambda gate, belt: np.tanh(gate * belt)),
        ),
        Mistake(
            "no-input-gate",
            ro="Noutatea se scrie pe bandă prin poarta scrierii: i · tanh(g). La tine poarta lipsește.",
            en="The news is written on the belt through the input gate: i · tanh(g). Yours has no such gate.",
            wrong=(
                lambda i, f, g, o, c: _step(1.0, sigmoid(f), np.tanh(g), sigmoid(o), c),
                lambda i, f, g, o, c: _step(1.0, sigmoid(f), g, sigmoid(o), c),
            ),
        ),
        Mistake(
            "news",
            ro="Noutatea `g` trece prin tangentă, nu prin sigmoidă și nu netrecută prin nimic.",
            en="The news `g` goes through the tangent, not through the sigmoid, nor through nothing.",
            wrong=(
                lambda i, f, g, o, c: _step(sigmoid(i), sigmoid(f), g, sigmoid(o), c),
                lambda i, f, g, o, c: _step(sigmoid(i), sigmoid(f), sigmoid(g), sigmoid(o), c),
            ),
        ),
        Mistake(
            "all-tangents",
            ro="Porțile i, f și o trec prin sigmoidă; numai noutatea trece prin tangentă.",
            en="The gates i, f and o go through the sigmoid; only the news goes through the tangent.",
            wrong=lambda i, f, g, o, c: _step(np.tanh(i), np.tanh(f), np.tanh(g), np.tanh(o), c),
        ),
        Mistake(
            "swapped-gates",
            ro="Poarta uitării înmulțește banda veche, cea a scrierii înmulțește noutatea; la tine s-au schimbat între "
            "ele, sau cu cea a ieșirii.",
            en="The forget gate multiplies the old belt, the input gate the news; yours have changed places, or one "
            "with the output gate.",
            wrong=(
                lambda i, f, g, o, c: lstm_step(f, i, g, o, c),
                lambda i, f, g, o, c: lstm_step(o, f, g, i, c),
                lambda i, f, g, o, c: lstm_step(i, o, g, f, c),
            ),
        ),
        Mistake(
            "one-gate",
            ro="Ai folosit 1 − f în locul porții scrierii. Așa face GRU; LSTM are două porți separate.",
            en="You used 1 − f in place of the input gate. The GRU does that; the LSTM has two separate gates.",
            wrong=(
                lambda i, f, g, o, c: _step(1 - sigmoid(f), sigmoid(f), np.tanh(g), sigmoid(o), c),
                lambda i, f, g, o, c: _step(sigmoid(i), 1 - sigmoid(f), np.tanh(g), sigmoid(o), c),
            ),
        ),
        Mistake(
            "belt-shown",
            ro="Starea arată tangenta benzii: h = o · tanh(c), nu o · c.",
            en="The state shows the tangent of the belt: h = o · tanh(c), not o · c.",
            wrong=lambda i, f, g, o, c: _step(sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o), c, show=lambda x: x),
        ),
        Mistake(
            "old-belt-shown",
            ro="Starea nouă vine din banda nouă, nu din cea veche.",
            en="The new state comes from the new belt, not from the old one.",
            wrong=lambda i, f, g, o, c: np.stack([sigmoid(o) * np.tanh(c), lstm_step(i, f, g, o, c)[1]]),
        ),
        Mistake(
            "squashed-belt",
            ro="Banda însăși nu trece prin tangentă; numai ce se arată din ea.",
            en="The belt itself does not go through the tangent; only what is shown of it does.",
            wrong=(
                lambda i, f, g, o, c: (lambda n: np.stack([sigmoid(o) * n, n]))(np.tanh(lstm_step(i, f, g, o, c)[1])),
                lambda i, f, g, o, c: (lambda n: np.stack([sigmoid(o) * np.tanh(n), n]))(
                    np.tanh(lstm_step(i, f, g, o, c)[1])),
            ),
        ),
        Mistake(
            "order",
            ro="Întâi starea, apoi banda: ai întors-o invers.",
            en="First the state, then the belt: you returned them the other way round.",
            wrong=lambda i, f, g, o, c: lstm_step(i, f, g, o, c)[::-1],
        ),
        Mistake(
            "one-of-two",
            ro="Ai întors numai una dintre ele. Se cer starea și banda, cu forma `(2, n)`.",
            en="You returned only one of them. The state and the belt are asked for, of shape `(2, n)`.",
            wrong=tuple(lambda i, f, g, o, c, row=row: lstm_step(i, f, g, o, c)[row] for row in (0, 1)),
        ),
        Mistake(
            "side-by-side",
            ro="Ai lipit starea și banda cap la cap. Se cere un tablou cu două rânduri, `(2, n)`.",
            en="You glued state and belt end to end. An array of two rows is asked for, `(2, n)`.",
            wrong=(
                lambda i, f, g, o, c: lstm_step(i, f, g, o, c).ravel(),
                lambda i, f, g, o, c: lstm_step(i, f, g, o, c).T,
            ),
        ),
        Mistake(
            "nothing-kept",
            ro="Banda veche nu mai apare, sau apare neînmulțită cu poarta uitării.",
            en="The old belt does not appear, or appears without the forget gate.",
            wrong=(
                lambda i, f, g, o, c: _step(sigmoid(i), 0.0, np.tanh(g), sigmoid(o), c),
                lambda i, f, g, o, c: _step(sigmoid(i), 1.0, np.tanh(g), sigmoid(o), c),
            ),
        ),
    ),
)

EXERCISES = (RNN, CHAIN, LSTM)
