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
