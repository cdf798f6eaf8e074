"""Chapter 5: recurrent networks and the LSTM."""

import math

import numpy as np
import torch
from torch import nn

from . import right, wrong

# 1. The recurrent network

RNN = "05.rnn"


@right(RNN)
def filling_an_array(x, W, U, b):
    states = np.zeros((len(x), len(b)))
    for t in range(len(x)):
        before = states[t - 1] if t else 0 * b
        states[t] = np.tanh(W.dot(x[t]) + U.dot(before) + b)
    return states


@right(RNN)
def with_torch_cells(x, W, U, b):
    x, W, U, b = (torch.as_tensor(a) for a in (x, W, U, b))
    network = nn.RNN(x.shape[1], len(b), batch_first=True).to(x.dtype)
    network.load_state_dict({"weight_ih_l0": W, "weight_hh_l0": U, "bias_ih_l0": b, "bias_hh_l0": 0 * b})
    return network(x[None])[0][0]


@right(RNN)
def one_matrix_for_both(x, W, U, b):
    both, h, states = np.hstack([W, U, b[:, None]]), np.zeros(len(b)), []
    for word in x:
        h = np.tanh(both @ np.concatenate([word, h, [1]]))
        states.append(list(h))
    return states


@wrong(RNN, "no-memory")
def each_word_alone(x, W, U, b):
    return np.array([np.tanh(W @ word + b) for word in x])


@wrong(RNN, "no-tanh")
def linear(x, W, U, b):
    h, states = np.zeros(len(b)), []
    for word in x:
        h = W @ word + U @ h + b
        states.append(h)
    return states


@wrong(RNN, "tanh-too-late")
def tangent_of_what_is_stored(x, W, U, b):
    h, states = np.zeros(len(b)), []
    for word in x:
        h = W @ word + U @ h + b
        states.append(np.tanh(h))
    return np.array(states)


@wrong(RNN, "part-outside")
def state_outside(x, W, U, b):
    h, states = np.zeros(len(b)), []
    for word in x:
        h = np.tanh(W @ word + b) + U @ h
        states.append(h)
    return np.array(states)


@wrong(RNN, "no-bias")
def offset_forgotten(x, W, U, b):
    h, states = np.zeros(len(b)), []
    for word in x:
        h = np.tanh(W @ word + U @ h)
        states.append(h)
    return np.array(states)


@wrong(RNN, "transposed")
def state_from_the_left(x, W, U, b):
    h, states = np.zeros(len(b)), []
    for word in x:
        h = np.tanh(word @ W.T + h @ U + b)
        states.append(h)
    return np.array(states)


@wrong(RNN, "last-only")
def final_state(x, W, U, b):
    h = np.zeros(len(b))
    for word in x:
        h = np.tanh(W @ word + U @ h + b)
    return h


@wrong(RNN, "with-the-start")
def starts_with_zeros(x, W, U, b):
    states = [np.zeros(len(b))]
    for word in x:
        states.append(np.tanh(W @ word + U @ states[-1] + b))
    return np.array(states)


@wrong(RNN, "other-function")
def with_a_sigmoid(x, W, U, b):
    h, states = np.zeros(len(b)), []
    for word in x:
        h = 1 / (1 + np.exp(-(W @ word + U @ h + b)))
        states.append(h)
    return np.array(states)


@wrong(RNN, "backwards")
def reads_backwards(x, W, U, b):
    return filling_an_array(np.flip(x, 0), W, U, b)


@wrong(RNN, "same-array")
def one_array_for_all(x, W, U, b):
    h, states = np.zeros(len(b)), []
    for word in x:
        h[:] = np.tanh(W @ word + U @ h + b)
        states.append(h)
    return np.array(states)


@wrong(RNN, "no-U")
def state_as_it_is(x, W, U, b):
    h, states = np.zeros(len(b)), []
    for word in x:
        h = np.tanh(W @ word + h + b)
        states.append(h)
    return np.array(states)


@wrong(RNN, "two-steps-back")
def always_from_the_first(x, W, U, b):
    states = [np.tanh(W @ x[0] + b)]
    for word in x[1:]:
        states.append(np.tanh(W @ word + U @ states[0] + b))
    return np.array(states)


@wrong(RNN, "transposed")
def a_column_a_word(x, W, U, b):
    return filling_an_array(x, W, U, b).T


@wrong(RNN, "start")
def starts_from_ones(x, W, U, b):
    h, states = np.ones(len(b)), []
    for word in x:
        h = np.tanh(W @ word + U @ h + b)
        states.append(h)
    return np.array(states)


# 2. The derivative along the chain

CHAIN = "05.chain-derivative"


@right(CHAIN)
def with_a_loop(h, u):
    derivative = 1.0
    for state in h[1:]:
        derivative *= u * (1 - state**2)
    return derivative


@right(CHAIN)
def powers_and_product(h, u):
    return u ** (len(h) - 1) * math.prod(1 - s * s for s in h[1:])


@right(CHAIN)
def backwards_like_training(h, u):
    gradient = 1.0
    for t in range(len(h) - 1, 0, -1):
        gradient = gradient * (1 - h[t]) * (1 + h[t]) * u
    return gradient


@wrong(CHAIN, "one-too-many")
def all_states(h, u):
    return math.prod(u * (1 - s**2) for s in h)


@wrong(CHAIN, "shifted")
def slopes_where_steps_start(h, u):
    derivative = 1.0
    for state in h[:-1]:
        derivative *= u * (1 - state**2)
    return derivative


@wrong(CHAIN, "no-slope")
def only_the_weight(h, u):
    return u ** (len(h) - 1)


@wrong(CHAIN, "no-weight")
def only_the_slopes(h, u):
    return np.prod(1 - h[1:] ** 2)


@wrong(CHAIN, "one-weight")
def weight_once(h, u):
    return u * math.prod(1 - s**2 for s in h[1:])


@wrong(CHAIN, "sum")
def adds_factors(h, u):
    return sum(u * (1 - s**2) for s in h[1:])


@wrong(CHAIN, "wrong-slope")
def tangent_of_the_tangent(h, u):
    return np.prod(u / np.cosh(h[1:]) ** 2)


@wrong(CHAIN, "all-derivatives")
def every_derivative_on_the_way(h, u):
    return np.cumprod(u * (1 - h[1:] ** 2))


@wrong(CHAIN, "sign-lost")
def size_only(h, u):
    return abs(with_a_loop(h, u))


@wrong(CHAIN, "single-state")
def nothing_to_differentiate(h, u):
    return 0 if len(h) == 1 else with_a_loop(h, u)


@wrong(CHAIN, "single-state")
def one_weight_at_least(h, u):
    return u if len(h) == 1 else with_a_loop(h, u)


@wrong(CHAIN, "single-state")
def starts_at_the_second(h, u):
    derivative = u * (1 - h[1] ** 2)
    for state in h[2:]:
        derivative = derivative * u * (1 - state**2)
    return derivative


@wrong(CHAIN, "last-step")
def final_step_only(h, u):
    return u * (1 - h[-1] ** 2)


@wrong(CHAIN, "nan")
def through_logarithms(h, u):
    return np.exp(np.sum(np.log(u * (1 - h[1:] ** 2))))


# 3. A training step

STEP = "05.training-step"


@right(STEP)
def by_autograd(x, y, w, u, rate, limit):
    weights = [torch.tensor(float(a), dtype=torch.float64, requires_grad=True) for a in (w, u)]
    h = torch.zeros((), dtype=torch.float64)
    for word in x:
        h = torch.tanh(weights[0] * word + weights[1] * h)
    ((h - y) ** 2).backward()
    length = math.hypot(*(a.grad.item() for a in weights))
    return [a.item() - rate * a.grad.item() * min(1.0, limit / length) for a in weights]


@right(STEP)
def forwards(x, y, w, u, rate, limit):
    h = dw = du = 0.0
    for word in x:
        new = math.tanh(w * word + u * h)
        dw, du = (1 - new**2) * (word + u * dw), (1 - new**2) * (h + u * du)
        h = new
    gradient = 2 * (h - y) * np.array([dw, du])
    length = np.linalg.norm(gradient)
    return np.array([w, u]) - rate * gradient / max(1, length / limit)


@right(STEP)
def by_torch_rnn_and_sgd(x, y, w, u, rate, limit):
    network = nn.RNN(1, 1, bias=False).double()
    network.load_state_dict({"weight_ih_l0": torch.tensor([[w]]), "weight_hh_l0": torch.tensor([[u]])})
    optimiser = torch.optim.SGD(network.parameters(), lr=rate)
    (network(torch.as_tensor(x, dtype=torch.float64)[:, None])[0][-1, 0] - y).square().backward()
    length = torch.cat([p.grad.flatten() for p in network.parameters()]).norm()
    if length > limit:
        for p in network.parameters():
            p.grad *= limit / length
    optimiser.step()
    return [p.item() for p in network.parameters()]


def states(x, w, u):
    h = [0.0]
    for word in x:
        h.append(np.tanh(w * word + u * h[-1]))
    return np.array(h)


def forth_and_back(x, y, w, u):
    h = states(x, w, u)
    gw = gu = 0.0
    back = 2 * (h[-1] - y)
    for t in range(len(x), 0, -1):
        back *= 1 - h[t] ** 2
        gw, gu = gw + back * x[t - 1], gu + back * h[t - 1]
        back *= u
    return np.array([gw, gu])


@wrong(STEP, "no-clipping")
def as_long_as_it_is(x, y, w, u, rate, limit):
    return np.array([w, u]) - rate * forth_and_back(x, y, w, u)


@wrong(STEP, "always-clipped")
def always_to_the_limit(x, y, w, u, rate, limit):
    g = forth_and_back(x, y, w, u)
    return np.array([w, u]) - rate * limit * g / np.linalg.norm(g)


@wrong(STEP, "clipped-apart")
def each_alone(x, y, w, u, rate, limit):
    return np.array([w, u]) - rate * np.clip(forth_and_back(x, y, w, u), -limit, limit)


@wrong(STEP, "other-norm")
def without_the_root(x, y, w, u, rate, limit):
    g = forth_and_back(x, y, w, u)
    return np.array([w, u]) - rate * g * min(1, limit / (g @ g))


@wrong(STEP, "after-the-rate")
def the_change_is_clipped(x, y, w, u, rate, limit):
    change = rate * forth_and_back(x, y, w, u)
    return np.array([w, u]) - change * min(1, limit / np.linalg.norm(change))


def bounded(g, limit):
    return g * min(1, limit / np.linalg.norm(g))


@wrong(STEP, "last-use")
def truncated_at_one(x, y, w, u, rate, limit):
    before = 0.0
    for word in x[:-1]:
        before = np.tanh(w * word + u * before)
    h = np.tanh(w * x[-1] + u * before)
    g = 2 * (h - y) * (1 - h**2) * np.array([x[-1], before])
    return np.array([w, u]) - rate * bounded(g, limit)


@wrong(STEP, "uphill")
def added(x, y, w, u, rate, limit):
    return np.array([w, u]) + rate * bounded(forth_and_back(x, y, w, u), limit)


@wrong(STEP, "no-two")
def half_the_loss(x, y, w, u, rate, limit):
    return np.array([w, u]) - rate * bounded(forth_and_back(x, y, w, u) / 2, limit)


@wrong(STEP, "no-rate")
def a_whole_step(x, y, w, u, rate, limit):
    return np.array([w, u]) - bounded(forth_and_back(x, y, w, u), limit)


@wrong(STEP, "gradient-returned")
def only_the_gradient(x, y, w, u, rate, limit):
    return bounded(forth_and_back(x, y, w, u), limit)


@wrong(STEP, "order")
def u_first(x, y, w, u, rate, limit):
    return (np.array([w, u]) - rate * bounded(forth_and_back(x, y, w, u), limit))[::-1]


@wrong(STEP, "no-weight")
def the_way_back_without_u(x, y, w, u, rate, limit):
    h = states(x, w, u)
    back, g = 2 * (h[-1] - y), np.zeros(2)
    for t in range(len(x), 0, -1):
        back *= 1 - h[t] ** 2
        g += back * np.array([x[t - 1], h[t - 1]])
    return np.array([w, u]) - rate * bounded(g, limit)


@wrong(STEP, "no-slope")
def as_if_linear_on_the_way_back(x, y, w, u, rate, limit):
    h = states(x, w, u)
    back = 2 * (h[-1] - y) * u ** np.arange(len(x))[::-1]
    g = np.array([(back * x).sum(), (back * h[:-1]).sum()])
    return np.array([w, u]) - rate * bounded(g, limit)


@wrong(STEP, "state-of-the-step")
def the_state_after(x, y, w, u, rate, limit):
    h = states(x, w, u)
    back, g = 2 * (h[-1] - y), np.zeros(2)
    for t in range(len(x), 0, -1):
        back *= 1 - h[t] ** 2
        g += back * np.array([x[t - 1], h[t]])
        back *= u
    return np.array([w, u]) - rate * bounded(g, limit)


# 4. The LSTM cell

LSTM = "05.lstm-cell"


def in_the_gates(step):
    """An answer whose sums are right, and then step(i, f, g, o, c)."""

    def answer(x, h, c, W, U, b):
        return step(*np.split(W @ x + U @ h + b, 4), c)

    answer.__name__ = step.__name__
    return answer


@right(LSTM)
def torch_s_own_cell(x, h, c, W, U, b):
    x, h, c, W, U, b = (torch.as_tensor(a) for a in (x, h, c, W, U, b))
    cell = nn.LSTMCell(len(x), len(h)).to(x.dtype)
    cell.load_state_dict({"weight_ih": W, "weight_hh": U, "bias_ih": b, "bias_hh": 0 * b})
    return torch.stack(cell(x, (h, c)))


@right(LSTM)
def gate_by_gate(x, h, c, W, U, b):
    n = len(h)

    def z(k):
        rows = slice(k * n, (k + 1) * n)
        return W[rows] @ x + U[rows] @ h + b[rows]

    memory = sigmoid(z(1)) * c + sigmoid(z(0)) * np.tanh(z(2))
    return sigmoid(z(3)) * np.tanh(memory), memory


class Cell:
    def __init__(self, W, U, b):
        self.W, self.U, self.b = W, U, b

    def step(self, x, h, c):
        z = np.hstack([self.W, self.U]) @ np.concatenate([x, h]) + self.b
        i, f, g, o = z.reshape(4, -1)
        c = c * sigmoid(f) + np.tanh(g) * sigmoid(i)
        return np.array([sigmoid(o) * np.tanh(c), c])


@right(LSTM)
def a_class_of_one_s_own(x, h, c, W, U, b):
    return Cell(W, U, b).step(x, h, c)


@wrong(LSTM, "no-state")
def the_word_alone(x, h, c, W, U, b):
    return in_torch(*np.split(W @ x + b, 4), c)


@wrong(LSTM, "no-bias")
def no_bias_at_all(x, h, c, W, U, b):
    return in_torch(*np.split(W @ x + U @ h, 4), c)


@wrong(LSTM, "memory-in-gates")
def gates_see_the_memory(x, h, c, W, U, b):
    return in_torch(*np.split(W @ x + U @ c + b, 4), c)


@wrong(LSTM, "swapped-gates")
def candidate_last(x, h, c, W, U, b):
    i, f, o, g = np.split(W @ x + U @ h + b, 4)
    return in_torch(i, f, g, o, c)


def in_torch(i, f, g, o, c):
    i, f, g, o, c = (torch.as_tensor(a) for a in (i, f, g, o, c))
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return torch.stack([o.sigmoid() * c.tanh(), c])


@right(LSTM)
@in_the_gates
def number_by_number(i, f, g, o, c):
    def s(z):
        return 1 / (1 + math.exp(-z))

    memory = [s(b) * e + s(a) * math.tanh(d) for a, b, d, e in zip(i, f, g, c, strict=True)]
    return [[s(z) * math.tanh(x) for z, x in zip(o, memory, strict=True)], memory]


@right(LSTM)
@in_the_gates
def sigmoid_by_tangent(i, f, g, o, c):
    i, f, o = ((1 + np.tanh(z / 2)) / 2 for z in (i, f, o))
    memory = f * c + i * np.tanh(g)
    return np.array((o * np.tanh(memory), memory))


@wrong(LSTM, "gates-open")
@in_the_gates
def no_sigmoids(i, f, g, o, c):
    c = f * c + i * np.tanh(g)
    return np.stack([o * np.tanh(c), c])


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


@wrong(LSTM, "candidate")
@in_the_gates
def news_through_a_sigmoid(i, f, g, o, c):
    c = sigmoid(f) * c + sigmoid(i) * sigmoid(g)
    return np.stack([sigmoid(o) * np.tanh(c), c])


@wrong(LSTM, "swapped-gates")
@in_the_gates
def forgets_by_the_input_gate(i, f, g, o, c):
    c = sigmoid(i) * c + sigmoid(f) * np.tanh(g)
    return np.stack([sigmoid(o) * np.tanh(c), c])


@wrong(LSTM, "one-gate")
@in_the_gates
def like_a_gru(i, f, g, o, c):
    c = sigmoid(f) * c + (1 - sigmoid(f)) * np.tanh(g)
    return np.stack([sigmoid(o) * np.tanh(c), c])


@wrong(LSTM, "memory-shown")
@in_the_gates
def no_tangent_at_the_end(i, f, g, o, c):
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return np.stack([sigmoid(o) * c, c])


@wrong(LSTM, "old-memory-shown")
@in_the_gates
def shows_the_old_memory(i, f, g, o, c):
    return np.stack([sigmoid(o) * np.tanh(c), sigmoid(f) * c + sigmoid(i) * np.tanh(g)])


@wrong(LSTM, "order")
@in_the_gates
def memory_first(i, f, g, o, c):
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return np.stack([c, sigmoid(o) * np.tanh(c)])


@wrong(LSTM, "one-of-two")
@in_the_gates
def only_the_state(i, f, g, o, c):
    return sigmoid(o) * np.tanh(sigmoid(f) * c + sigmoid(i) * np.tanh(g))


@wrong(LSTM, "nothing-kept")
@in_the_gates
def only_news(i, f, g, o, c):
    c = sigmoid(i) * np.tanh(g)
    return np.stack([sigmoid(o) * np.tanh(c), c])


@wrong(LSTM, "side-by-side")
@in_the_gates
def end_to_end(i, f, g, o, c):
    return np.concatenate([a.numpy() for a in in_torch(i, f, g, o, c)])


@wrong(LSTM, "no-output-gate")
@in_the_gates
def everything_shown(i, f, g, o, c):
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return np.stack([np.tanh(c), c])


@wrong(LSTM, "gate-inside")
@in_the_gates
def gate_under_the_tangent(i, f, g, o, c):
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return np.stack([np.tanh(sigmoid(o) * c), c])


@wrong(LSTM, "no-input-gate")
@in_the_gates
def all_news_written(i, f, g, o, c):
    c = sigmoid(f) * c + np.tanh(g)
    return np.stack([sigmoid(o) * np.tanh(c), c])


@wrong(LSTM, "gates-open")
@in_the_gates
def one_sigmoid_forgotten(i, f, g, o, c):
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return np.stack([o * np.tanh(c), c])


@wrong(LSTM, "in-place")
def on_the_old_memory(x, h, c, W, U, b):
    i, f, g, o = np.split(W @ x + U @ h + b, 4)
    c *= sigmoid(f)
    c += sigmoid(i) * np.tanh(g)
    return np.stack([sigmoid(o) * np.tanh(c), c])
