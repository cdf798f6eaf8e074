"""Chapter 1: vectors and similarity."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from . import right, wrong

# 1. The cosine

COSINE = "01.cosine"


@right(COSINE)
def with_numpy(a, b):
    if not a.any() or not b.any():
        return 0.0
    return np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b))


@right(COSINE)
def with_torch(a, b):
    return F.cosine_similarity(torch.as_tensor(a), torch.as_tensor(b), dim=0, eps=1e-12)


@right(COSINE)
def with_loops(a, b):
    dot = sum(x * y for x, y in zip(a, b, strict=True))
    lengths = math.sqrt(sum(x * x for x in a)) * math.sqrt(sum(y * y for y in b))
    return 0 if lengths == 0 else dot / lengths


@right(COSINE)
def from_the_law_of_cosines(a, b):
    p, q, r = np.linalg.norm(a), np.linalg.norm(b), np.linalg.norm(a - b)
    return (p**2 + q**2 - r**2) / (2 * p * q) if p * q else 0.0


@wrong(COSINE, "zero-vector")
def formula_as_it_stands(a, b):
    return a @ b / np.sqrt((a @ a) * (b @ b))


@wrong(COSINE, "zero-vector")
def formula_in_plain_python(a, b):
    dot = sum(x * y for x, y in zip(a, b, strict=True))
    return dot / (math.hypot(*a) * math.hypot(*b))


@wrong(COSINE, "dot-product")
def no_division(a, b):
    return sum(a * b)


@wrong(COSINE, "one-length")
def only_the_first_length(a, b):
    return a @ b / (np.linalg.norm(a) or 1)


@wrong(COSINE, "squared-lengths")
def root_forgotten(a, b):
    below = (a @ a) * (b @ b)
    return a @ b / below if below else 0


@wrong(COSINE, "other-length")
def length_by_sizes(a, b):
    below = sum(abs(a)) * sum(abs(b))
    return a @ b / below if below else 0.0


@wrong(COSINE, "added-lengths")
def lengths_added(a, b):
    return a @ b / (np.linalg.norm(a) + np.linalg.norm(b))


@wrong(COSINE, "angle")
def angle_in_radians(a, b):
    below = np.linalg.norm(a) * np.linalg.norm(b)
    return math.acos(max(-1, min(1, a @ b / below))) if below else math.pi / 2


@wrong(COSINE, "sign-lost")
def absolute(a, b):
    below = np.linalg.norm(a) * np.linalg.norm(b)
    return abs(a @ b) / below if below else 0.0


@wrong(COSINE, "distance")
def one_minus(a, b):
    below = np.linalg.norm(a) * np.linalg.norm(b)
    return 1 - (a @ b / below if below else 0)


@wrong(COSINE, "not-summed")
def elementwise(a, b):
    below = np.linalg.norm(a) * np.linalg.norm(b)
    return a * b / below if below else a * 0


@wrong(COSINE, "not-all-zeros")
def zero_as_soon_as_one_number_is(a, b):
    if not a.all() or not b.all():
        return 0.0
    return a @ b / (np.linalg.norm(a) * np.linalg.norm(b))


@wrong(COSINE, "not-all-zeros")
def zero_where_the_sum_is(a, b):
    if sum(a) == 0 or sum(b) == 0:
        return 0.0
    return a @ b / (np.linalg.norm(a) * np.linalg.norm(b))


@wrong(COSINE, "zero-agreed")
def equal_vectors_are_alike(a, b):
    if (a == b).all():
        return 1.0
    return with_numpy(a, b)


@wrong(COSINE, "zero-agreed")
def two_zero_vectors_are_alike(a, b):
    if not a.any() and not b.any():
        return 1
    return with_numpy(a, b)


@wrong(COSINE, "zero-agreed")
def half_for_no_direction(a, b):
    return with_numpy(a, b) if a.any() and b.any() else 0.5


@wrong(COSINE, "zero-vector")
def only_the_first_is_looked_at(a, b):
    return a @ b / (np.linalg.norm(a) * np.linalg.norm(b)) if a.any() else 0.0


@wrong(COSINE, "length-of-result")
def length_of_the_product(a, b):
    below = np.linalg.norm(a * b)
    return a @ b / below if below else 0.0


@wrong(COSINE, "rescaled")
def between_zero_and_one(a, b):
    return (with_numpy(a, b) + 1) / 2


@wrong(COSINE, "precision")
def one_more_under_the_fraction(a, b):
    return a @ b / (np.linalg.norm(a) * np.linalg.norm(b) + 1e-6)


@wrong(COSINE, "centred")
def correlation(a, b):
    return np.corrcoef(a, b)[0, 1]


# 2. The similarity matrix

MATRIX = "01.similarity-matrix"


@right(MATRIX)
def outer_product_of_lengths(X):
    lengths = np.sqrt((X**2).sum(axis=1))
    return X @ X.T / np.outer(lengths, lengths)


@right(MATRIX)
def in_torch(X):
    Y = F.normalize(torch.as_tensor(X), dim=1)
    return Y @ Y.mT


@right(MATRIX)
def pair_by_pair(X):
    return [[with_numpy(a, b) for b in X] for a in X]


@right(MATRIX)
def with_einsum(X):
    lengths = np.linalg.norm(X, axis=-1)
    return np.einsum("id,jd->ij", X, X) / lengths[:, None] / lengths[None, :]


@wrong(MATRIX, "dot-products")
def only_products(X):
    return np.dot(X, X.T)


@wrong(MATRIX, "columns")
def transposed_the_wrong_way(X):
    Y = X / np.linalg.norm(X, axis=1, keepdims=True)
    return Y.T @ Y


@wrong(MATRIX, "wrong-axis")
def lengths_of_columns(X):
    Y = X / np.sqrt((X**2).sum(axis=0))
    return Y @ Y.T


@wrong(MATRIX, "whole-table")
def one_length_for_all(X):
    Y = X / np.sqrt((X**2).sum())
    return Y @ Y.T


@wrong(MATRIX, "one-side")
def one_side_normed(X):
    return F.normalize(torch.as_tensor(X), dim=1) @ torch.as_tensor(X).T


@wrong(MATRIX, "squared-lengths")
def no_root(X):
    squares = (X * X).sum(axis=1)
    return X @ X.T / squares[:, None] / squares[None, :]


@wrong(MATRIX, "other-length")
def shares_of_the_row(X):
    Y = X / np.sum(np.abs(X), axis=1)[:, None]
    return Y @ Y.T


@wrong(MATRIX, "centred")
def correlations(X):
    return np.corrcoef(X)


@wrong(MATRIX, "distances")
def distance_matrix(X):
    return torch.cdist(torch.as_tensor(X), torch.as_tensor(X))


@wrong(MATRIX, "no-diagonal")
def diagonal_emptied(X):
    S = outer_product_of_lengths(X)
    np.fill_diagonal(S, 0)
    return S


@wrong(MATRIX, "keepdims")
def lengths_beside_columns(X):
    Y = X / np.linalg.norm(X, axis=1)
    return Y @ Y.T


@wrong(MATRIX, "half")
def each_pair_once(X):
    S = np.zeros((len(X), len(X)))
    for i in range(len(X)):
        for j in range(i, len(X)):
            S[i, j] = with_numpy(X[i], X[j])
    return S


@wrong(MATRIX, "angles")
def in_radians(X):
    return np.arccos(np.clip(with_einsum(X), -1, 1))


@wrong(MATRIX, "one-row")
def the_first_with_all(X):
    return [with_numpy(X[0], row) for row in X]


@wrong(MATRIX, "sign-lost")
def sizes_of_cosines(X):
    return abs(with_einsum(X))


@wrong(MATRIX, "added-lengths")
def sums_of_lengths(X):
    lengths = np.linalg.norm(X, axis=1)
    return X @ X.T / np.add.outer(lengths, lengths)


# 3. The nearest word

NEAREST = "01.nearest"


@right(NEAREST)
def masked(table, i):
    scores = outer_product_of_lengths(table)[i]
    scores[i] = -2
    return scores.argmax()


@right(NEAREST)
def second_of_the_ranking(table, i):
    return next(int(j) for j in np.argsort(-outer_product_of_lengths(table)[i]) if j != i)


@right(NEAREST)
def with_max_and_a_key(table, i):
    others = [j for j in range(len(table)) if j != i]
    return max(others, key=lambda j: with_loops(table[i], table[j]))


@right(NEAREST)
def by_distance_of_directions(table, i):
    Y = F.normalize(torch.as_tensor(table), dim=1)
    far = (Y - Y[i]).norm(dim=1)
    far[i] = torch.inf
    return far.argmin()


@wrong(NEAREST, "itself")
def forgets_to_leave_itself_out(table, i):
    return int(np.argmax(outer_product_of_lengths(table)[i]))


@wrong(NEAREST, "dot-product")
def by_dot_product(table, i):
    scores = table @ table[i]
    scores[i] = -np.inf
    return np.argmax(scores)


@wrong(NEAREST, "distance")
def by_distance(table, i):
    far = np.sqrt(((table - table[i]) ** 2).sum(axis=1))
    far[i] = np.inf
    return np.argmin(far)


@wrong(NEAREST, "least")
def the_least_alike(table, i):
    return int(np.argmin(outer_product_of_lengths(table)[i]))


@wrong(NEAREST, "removed-row")
def removes_the_row(table, i):
    others = np.delete(table, i, axis=0)
    scores = [with_loops(row, table[i]) for row in others]
    return int(np.argmax(scores))


@wrong(NEAREST, "sign-lost")
def by_size(table, i):
    scores = np.abs(outer_product_of_lengths(table)[i])
    scores[i] = 0
    return scores.argmax()


@wrong(NEAREST, "score")
def gives_the_cosine(table, i):
    scores = outer_product_of_lengths(table)[i]
    return max(score for j, score in enumerate(scores) if j != i)


@wrong(NEAREST, "whole-ranking")
def gives_the_ranking(table, i):
    return np.argsort(-outer_product_of_lengths(table)[i])


@wrong(NEAREST, "from-one")
def counts_from_one(table, i):
    return masked(table, i) + 1


@wrong(NEAREST, "row")
def gives_the_row(table, i):
    return table[masked(table, i)]


@wrong(NEAREST, "second-best")
def second_from_the_end(table, i):
    return np.argsort(outer_product_of_lengths(table)[i])[-2]


@wrong(NEAREST, "second-best")
def second_from_the_start(table, i):
    return int(np.argsort(-outer_product_of_lengths(table)[i])[1])


@wrong(NEAREST, "alike-dropped")
def nothing_above_one(table, i):
    scores = outer_product_of_lengths(table)[i]
    scores[scores > 0.9999] = -np.inf
    return scores.argmax()


@wrong(NEAREST, "alike-dropped")
def no_equal_rows(table, i):
    others = [j for j in range(len(table)) if not (table[j] == table[i]).all()]
    return max(others, key=lambda j: with_loops(table[i], table[j]))


@wrong(NEAREST, "weak-fill")
def minus_one_for_itself(table, i):
    scores = outer_product_of_lengths(table)[i]
    scores[i] = -1
    return int(np.argmax(scores))


@wrong(NEAREST, "weak-fill")
def zero_diagonal(table, i):
    S = outer_product_of_lengths(table)
    np.fill_diagonal(S, 0)
    return S[i].argmax()


@wrong(NEAREST, "weak-fill")
def starts_from_zero(table, i):
    best, found = 0, 0
    for j in range(len(table)):
        if j != i and with_loops(table[i], table[j]) > best:
            best, found = with_loops(table[i], table[j]), j
    return found


@right(NEAREST)
def best_so_far(table, i):
    best, found = -math.inf, None
    for j in range(len(table)):
        if j != i and with_loops(table[i], table[j]) > best:
            best, found = with_loops(table[i], table[j]), j
    return found
