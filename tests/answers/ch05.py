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


@wrong(RNN, "no-offset")
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


# 3. One step of an LSTM

LSTM = "05.lstm-step"


@right(LSTM)
def in_torch(i, f, g, o, c):
    i, f, g, o, c = (torch.as_tensor(a) for a in (i, f, g, o, c))
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return torch.stack([o.sigmoid() * c.tanh(), c])


@right(LSTM)
def number_by_number(i, f, g, o, c):
    def s(z):
        return 1 / (1 + math.exp(-z))

    belt = [s(b) * e + s(a) * math.tanh(d) for a, b, d, e in zip(i, f, g, c, strict=True)]
    return [[s(z) * math.tanh(x) for z, x in zip(o, belt, strict=True)], belt]


@right(LSTM)
def sigmoid_by_tangent(i, f, g, o, c):
    i, f, o = ((1 + np.tanh(z / 2)) / 2 for z in (i, f, o))
    belt = f * c + i * np.tanh(g)
    return np.array((o * np.tanh(belt), belt))


@wrong(LSTM, "gates-open")
def no_sigmoids(i, f, g, o, c):
    c = f * c + i * np.tanh(g)
    return np.stack([o * np.tanh(c), c])


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


@wrong(LSTM, "news")
def news_through_a_sigmoid(i, f, g, o, c):
    c = sigmoid(f) * c + sigmoid(i) * sigmoid(g)
    return np.stack([sigmoid(o) * np.tanh(c), c])


@wrong(LSTM, "swapped-gates")
def forgets_by_the_input_gate(i, f, g, o, c):
    c = sigmoid(i) * c + sigmoid(f) * np.tanh(g)
    return np.stack([sigmoid(o) * np.tanh(c), c])


@wrong(LSTM, "one-gate")
def like_a_gru(i, f, g, o, c):
    c = sigmoid(f) * c + (1 - sigmoid(f)) * np.tanh(g)
    return np.stack([sigmoid(o) * np.tanh(c), c])


@wrong(LSTM, "belt-shown")
def no_tangent_at_the_end(i, f, g, o, c):
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return np.stack([sigmoid(o) * c, c])


@wrong(LSTM, "old-belt-shown")
def shows_the_old_belt(i, f, g, o, c):
    return np.stack([sigmoid(o) * np.tanh(c), sigmoid(f) * c + sigmoid(i) * np.tanh(g)])


@wrong(LSTM, "order")
def belt_first(i, f, g, o, c):
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return np.stack([c, sigmoid(o) * np.tanh(c)])


@wrong(LSTM, "one-of-two")
def only_the_state(i, f, g, o, c):
    return sigmoid(o) * np.tanh(sigmoid(f) * c + sigmoid(i) * np.tanh(g))


@wrong(LSTM, "nothing-kept")
def only_news(i, f, g, o, c):
    c = sigmoid(i) * np.tanh(g)
    return np.stack([sigmoid(o) * np.tanh(c), c])


@wrong(LSTM, "side-by-side")
def end_to_end(i, f, g, o, c):
    return np.concatenate(sigmoid_by_tangent(i, f, g, o, c))


@wrong(LSTM, "no-output-gate")
def everything_shown(i, f, g, o, c):
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return np.stack([np.tanh(c), c])


@wrong(LSTM, "gate-inside")
def gate_under_the_tangent(i, f, g, o, c):
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return np.stack([np.tanh(sigmoid(o) * c), c])


@wrong(LSTM, "no-input-gate")
def all_news_written(i, f, g, o, c):
    c = sigmoid(f) * c + np.tanh(g)
    return np.stack([sigmoid(o) * np.tanh(c), c])


@wrong(LSTM, "gates-open")
def one_sigmoid_forgotten(i, f, g, o, c):
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return np.stack([o * np.tanh(c), c])


@wrong(LSTM, "in-place")
def on_the_old_belt(i, f, g, o, c):
    c *= sigmoid(f)
    c += sigmoid(i) * np.tanh(g)
    return np.stack([sigmoid(o) * np.tanh(c), c])
