"""Chapter 1: vectors and similarity."""

import numpy as np

from .engine import Exercise
from .mistakes import Mistake


def length(x, axis=None):
    return np.linalg.norm(x, axis=axis, keepdims=axis is not None)


# 1. The cosine


def cosine(a, b):
    lengths = length(a) * length(b)
    return a @ b / lengths if lengths > 0 else 0.0


def cosine_cases(rng: np.random.Generator) -> list[tuple]:
    pairs = [([3.0, 4.0], [4.0, 3.0]), ([0.0, 2.0], [3.0, 0.0]), ([1.0, 2.0], [-2.0, -4.0]), ([0.0, 0.0], [1.0, 2.0]),
             ([2.0, 1.0], [0.0, 0.0]), ([0.3, 0.1], [0.2, 0.5])]  # fmt: skip
    pairs += [tuple(rng.normal(scale=scale, size=(2, n)).round(2) + 0.005)
              for n in (2, 3, 5, 8) for scale in (0.5, 1, 4)]  # fmt: skip
    return [(np.array(a), np.array(b)) for a, b in pairs]


def unit(x):
    return x / max(length(x), 1e-300)


COSINE = Exercise(
    "01.cosine",
    cosine,
    cosine_cases,
    (
        Mistake(
            "zero-vector",
            ro="Pe un vector numai din zerouri ai împărțit la zero. Tratează-l separat: asemănarea lui cu oricine e 0.",
            en="For a vector of zeros you divided by zero. Treat it apart: its similarity to anything is 0.",
            wrong=(
                lambda a, b: a @ b / (length(a) * length(b)),
                lambda a, b: 1.0 if length(a) * length(b) == 0 else cosine(a, b),
                lambda a, b: np.nan if length(a) * length(b) == 0 else cosine(a, b),
            ),
        ),
        Mistake(
            "dot-product",
            ro="Acesta e produsul scalar. El crește și cu lungimile; mai împarte-l la amândouă.",
            en="This is the dot product. It also grows with the lengths; divide it by both of them.",
            wrong=lambda a, b: a @ b,
        ),
        Mistake(
            "one-length",
            ro="Ai împărțit la o singură lungime. Formula le cere pe amândouă: a lui `a` și a lui `b`.",
            en="You divided by one length only. The formula asks for both: that of `a` and that of `b`.",
            wrong=(
                lambda a, b: unit(a) @ b,
                lambda a, b: a @ unit(b),
                lambda a, b: a @ b / length(a),
                lambda a, b: a @ b / length(b),
            ),
        ),
        Mistake(
            "squared-lengths",
            ro="Lungimea e radicalul sumei pătratelor; ție ți-a rămas suma, fără radical, sau un radical în plus.",
            en="The length is the square root of the sum of squares; you kept the sum, or took one root too many.",
            wrong=(
                lambda a, b: a @ b / ((a @ a) * (b @ b)),
                lambda a, b: a @ b / max((a @ a) * (b @ b), 1e-300),
                lambda a, b: a @ b / np.sqrt(length(a) * length(b)),
                lambda a, b: a @ b / max(np.sqrt(length(a) * length(b)), 1e-300),
            ),
        ),
        Mistake(
            "other-length",
            ro="Ai măsurat lungimea altfel: suma modulelor, cel mai mare pas sau numărul de pași. Lungimea e cea din "
            "teorema lui Pitagora.",
            en="You measured length in another way: the sum of sizes, the largest step, the number of steps. Length "
            "is that of Pythagoras.",
            wrong=(
                lambda a, b: a @ b / (np.abs(a).sum() * np.abs(b).sum()),
                lambda a, b: a @ b / max(np.abs(a).sum() * np.abs(b).sum(), 1e-300),
                lambda a, b: a @ b / max(np.abs(a).max() * np.abs(b).max(), 1e-300),
                lambda a, b: a @ b / len(a),
                lambda a, b: a @ b / np.sqrt(len(a)),
            ),
        ),
        Mistake(
            "added-lengths",
            ro="Lungimile se înmulțesc între ele, nu se adună.",
            en="The lengths are multiplied by one another, not added.",
            wrong=(
                lambda a, b: a @ b / (length(a) + length(b)),
                lambda a, b: 2 * (a @ b) / (length(a) + length(b)),
                lambda a, b: a @ b / length(a + b),
            ),
        ),
        Mistake(
            "angle",
            ro="Acesta e unghiul. Se cere cosinusul lui, deci fără `arccos` la sfârșit.",
            en="This is the angle. Its cosine is asked for, so no `arccos` at the end.",
            wrong=(
                lambda a, b: np.arccos(np.clip(cosine(a, b), -1, 1)),
                lambda a, b: np.degrees(np.arccos(np.clip(cosine(a, b), -1, 1))),
                lambda a, b: np.arccos(cosine(a, b)),
            ),
        ),
        Mistake(
            "distance",
            ro="Acesta spune cât de departe sunt vectorii, nu cât seamănă: 0 la cei egali. Se cere cosinusul însuși.",
            en="This says how far apart the vectors are, not how alike: 0 for equal ones. The cosine itself is asked "
            "for.",
            wrong=(lambda a, b: 1 - cosine(a, b), lambda a, b: length(a - b)),
        ),
        Mistake(
            "sign-lost",
            ro="Semnul s-a pierdut. Doi vectori opuși au cosinusul −1, nu 1.",
            en="The sign is lost. Two opposite vectors have cosine −1, not 1.",
            wrong=(
                lambda a, b: abs(cosine(a, b)),
                lambda a, b: cosine(a, b) ** 2,
                lambda a, b: max(cosine(a, b), 0),
                lambda a, b: (1 + cosine(a, b)) / 2,
            ),
        ),
        Mistake(
            "centred",
            ro="Ai scăzut întâi media: asta e corelația. Cosinusul ia vectorii așa cum sunt.",
            en="You took the mean away first: that is the correlation. The cosine takes the vectors as they are.",
            wrong=lambda a, b: cosine(a - a.mean(), b - b.mean()),
        ),
        Mistake(
            "not-summed",
            ro="Ai înmulțit pas cu pas, dar nu ai adunat: produsul scalar e un singur număr.",
            en="You multiplied step by step but did not add up: the dot product is a single number.",
            wrong=(lambda a, b: a * b / max(length(a) * length(b), 1e-300), lambda a, b: a * b),
        ),
    ),
)


# 2. The similarity matrix


def similarity_matrix(X):
    directions = X / length(X, axis=1)
    return directions @ directions.T


def table(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Rows of very different lengths, none near zero."""
    X = rng.normal(size=(n, d))
    return (X / length(X, axis=1) * rng.uniform(0.3, 4, size=(n, 1))).round(3)


def matrix_cases(rng: np.random.Generator) -> list[tuple]:
    small = [[[2.0]], [[3.0, 4.0]], [[1.0, 2.0], [4.0, 3.0]], [[1.0, 0.0], [1.0, 1.0], [0.0, -2.0]]]
    shapes = [(3, 2), (2, 3), (4, 4), (3, 3), (5, 3), (6, 8)]
    return [(np.array(x),) for x in small] + [(table(rng, n, d),) for n, d in shapes]


MATRIX = Exercise(
    "01.similarity-matrix",
    similarity_matrix,
    matrix_cases,
    (
        Mistake(
            "dot-products",
            ro="Acestea sunt produse scalare: pe diagonală stau lungimile la pătrat. Adu întâi fiecare rând la "
            "lungimea 1.",
            en="These are the dot products: the diagonal holds squared lengths. First bring each row to length 1.",
            wrong=lambda X: X @ X.T,
        ),
        Mistake(
            "columns",
            ro="Ai comparat coloanele. Cuvintele sunt rândurile: rezultatul are forma `(n, n)`.",
            en="You compared the columns. The words are the rows: the result has shape `(n, n)`.",
            wrong=(
                lambda X: X.T @ X,
                lambda X: (X / length(X, axis=0)).T @ (X / length(X, axis=0)),
                lambda X: (X / length(X, axis=1)).T @ (X / length(X, axis=1)),
            ),
        ),
        Mistake(
            "wrong-axis",
            ro="Ai luat lungimile coloanelor. Fiecare rând se împarte la lungimea lui: `axis=1`, cu `keepdims=True`.",
            en="You took the lengths of the columns. Each row is divided by its own length: `axis=1`, `keepdims=True`.",
            wrong=(
                lambda X: (X / length(X, axis=0)) @ (X / length(X, axis=0)).T,
                lambda X: X @ X.T / (length(X, axis=0) * length(X, axis=0).T),
            ),
        ),
        Mistake(
            "whole-table",
            ro="Ai împărțit tot tabelul la o singură lungime. Fiecare rând o are pe a lui.",
            en="You divided the whole table by one length. Each row has its own.",
            wrong=(
                lambda X: (X / length(X)) @ (X / length(X)).T,
                lambda X: X @ X.T / length(X),
                lambda X: X @ X.T / (X @ X.T).max(),
                lambda X: X @ X.T / np.abs(X @ X.T).max(),
                lambda X: (X / X.max()) @ (X / X.max()).T,
            ),
        ),
        Mistake(
            "one-side",
            ro="Doar unul dintre cele două rânduri are lungimea 1. Împarte și la lungimea celuilalt.",
            en="Only one of the two rows has length 1. Divide by the length of the other too.",
            wrong=(
                lambda X: X / length(X, axis=1) @ X.T,
                lambda X: X @ (X / length(X, axis=1)).T,
            ),
        ),
        Mistake(
            "keepdims",
            ro="Lungimile au forma `(n,)` și numpy le așază pe coloane. `keepdims=True` sau `[:, None]` le pune "
            "lângă rânduri.",
            en="The lengths have shape `(n,)` and numpy lines them up with columns. `keepdims=True` or `[:, None]` "
            "puts them beside the rows.",
            wrong=(
                lambda X: (X / np.linalg.norm(X, axis=1)) @ (X / np.linalg.norm(X, axis=1)).T,
                lambda X: X @ X.T / np.linalg.norm(X, axis=1) ** 2,
            ),
        ),
        Mistake(
            "squared-lengths",
            ro="Lungimea e radicalul sumei pătratelor; radicalul lipsește sau e unul în plus.",
            en="The length is the square root of the sum of squares; the root is missing, or there is one too many.",
            wrong=(
                lambda X: (lambda Y: Y @ Y.T)(X / (X**2).sum(1, keepdims=True)),
                lambda X: (lambda Y: Y @ Y.T)(X / np.sqrt(length(X, axis=1))),
            ),
        ),
        Mistake(
            "other-length",
            ro="Ai măsurat lungimea altfel decât Pitagora: cu suma, cu suma modulelor sau cu cel mai mare număr.",
            en="You measured length otherwise than Pythagoras: by the sum, the sum of sizes or the largest number.",
            wrong=(
                lambda X: (lambda Y: Y @ Y.T)(X / X.sum(1, keepdims=True)),
                lambda X: (lambda Y: Y @ Y.T)(X / np.abs(X).sum(1, keepdims=True)),
                lambda X: (lambda Y: Y @ Y.T)(X / np.abs(X).max(1, keepdims=True)),
            ),
        ),
        Mistake(
            "centred",
            ro="Ai scăzut mediile: asta e corelația. Cosinusul ia rândurile așa cum sunt.",
            en="You took the means away: that is the correlation. The cosine takes the rows as they are.",
            wrong=(
                lambda X: similarity_matrix(X - X.mean(1, keepdims=True)),
                lambda X: np.corrcoef(X),
                lambda X: similarity_matrix(X - X.mean(0)),
            ),
        ),
        Mistake(
            "distances",
            ro="Acestea sunt distanțe: 0 pe diagonală. Se cer asemănări, cu 1 pe diagonală.",
            en="These are distances: 0 on the diagonal. Likeness is asked for, with 1 on the diagonal.",
            wrong=(
                lambda X: np.linalg.norm(X[:, None] - X[None], axis=-1),
                lambda X: 1 - similarity_matrix(X),
            ),
        ),
        Mistake(
            "no-diagonal",
            ro="Ai golit diagonala. Un cuvânt cu el însuși are cosinusul 1.",
            en="You emptied the diagonal. A word with itself has cosine 1.",
            wrong=(
                lambda X: similarity_matrix(X) * (1 - np.eye(len(X))),
                lambda X: np.triu(similarity_matrix(X)),
                lambda X: np.triu(similarity_matrix(X), 1),
                lambda X: np.tril(similarity_matrix(X)),
            ),
        ),
        Mistake(
            "sign-lost",
            ro="Semnul s-a pierdut: direcții opuse au cosinusul −1.",
            en="The sign is lost: opposite directions have cosine −1.",
            wrong=(lambda X: np.abs(similarity_matrix(X)), lambda X: np.maximum(similarity_matrix(X), 0)),
        ),
    ),
)


# 3. The nearest word


def nearest(table, i):
    scores = similarity_matrix(table)[i]
    scores[i] = -np.inf
    return int(scores.argmax())


def clear(X: np.ndarray) -> bool:
    """Is the nearest word of every row clear, however it is rounded?"""
    scores = similarity_matrix(X) - 3 * np.eye(len(X))
    return len(X) < 3 or bool(np.diff(np.sort(scores, axis=1)[:, -2:]).min() > 0.02)


def nearest_cases(rng: np.random.Generator) -> list[tuple]:
    cases = [(np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [4.0, 3.0]]), i) for i in (0, 1, 2)]
    # a long row far off in direction, a short one close by; an opposite row, which is not alike
    cases += [(np.array([[1.0, 0.2], [9.0, 9.0], [0.2, 0.03], [-1.0, -0.2]]), i) for i in (0, 1, 2, 3)]
    while len(cases) < 16:
        X = table(rng, int(rng.integers(3, 8)), int(rng.integers(2, 6)))
        if clear(X):
            cases.append((X, int(rng.integers(len(X)))))
    return cases


def without(scores, i, largest=True):
    """The best place but i."""
    scores = np.array(scores, dtype=float)
    scores[i] = -np.inf if largest else np.inf
    return int(scores.argmax() if largest else scores.argmin())


NEAREST = Exercise(
    "01.nearest",
    nearest,
    nearest_cases,
    (
        Mistake(
            "itself",
            ro="Cel mai asemănător cuvânt e, firește, el însuși. Se cere un altul: scoate-l pe `i` din întrecere.",
            en="The most similar word is of course the word itself. Another is asked for: take `i` out of the race.",
            wrong=(
                lambda table, i: similarity_matrix(table)[i].argmax(),
                lambda table, i: i,
                lambda table, i: np.linalg.norm(table - table[i], axis=1).argmin(),
            ),
        ),
        Mistake(
            "dot-product",
            ro="Ai ales după produsul scalar, așa că un rând lung câștigă doar fiindcă e lung. Se cere cosinusul.",
            en="You chose by the dot product, so a long row wins just for being long. The cosine is asked for.",
            wrong=(lambda table, i: without(table @ table[i], i), lambda table, i: (table @ table[i]).argmax()),
        ),
        Mistake(
            "distance",
            ro="Ai ales după distanță. Un rând scurt poate fi departe și totuși în aceeași direcție: ia cosinusul.",
            en="You chose by distance. A short row may be far away and still point the same way: use the cosine.",
            wrong=lambda table, i: without(np.linalg.norm(table - table[i], axis=1), i, largest=False),
        ),
        Mistake(
            "least",
            ro="Ai întors cel mai puțin asemănător cuvânt: `argmax`, nu `argmin`.",
            en="You returned the least similar word: `argmax`, not `argmin`.",
            wrong=(
                lambda table, i: similarity_matrix(table)[i].argmin(),
                lambda table, i: without(similarity_matrix(table)[i], i, largest=False),
            ),
        ),
        Mistake(
            "removed-row",
            ro="Ai scos rândul `i` din tabel, iar cuvintele de după el și-au schimbat numărul cu unu.",
            en="You removed row `i` from the table, so the words after it have changed their number by one.",
            wrong=lambda table, i: int(np.delete(similarity_matrix(table)[i], i).argmax()),
        ),
        Mistake(
            "sign-lost",
            ro="Un vector opus nu e asemănător: cosinusul lui e −1. Nu lua modulul.",
            en="An opposite vector is not alike: its cosine is −1. Do not take the absolute value.",
            wrong=(
                lambda table, i: without(np.abs(similarity_matrix(table)[i]), i),
                lambda table, i: without(similarity_matrix(table)[i] ** 2, i),
            ),
        ),
        Mistake(
            "score",
            ro="Acesta e cosinusul celui mai apropiat cuvânt. Se cere numărul cuvântului, un întreg.",
            en="This is the cosine of the nearest word. Its number is asked for, an integer.",
            wrong=lambda table, i: np.delete(similarity_matrix(table)[i], i).max(),
        ),
        Mistake(
            "row",
            ro="Acesta e rândul cuvântului. Se cere numărul lui, un întreg.",
            en="This is the row of the word. Its number is asked for, an integer.",
            wrong=lambda table, i: table[nearest(table, i)],
        ),
        Mistake(
            "second-smallest",
            ro="Ai sortat crescător și ai luat al doilea de la început. Cele mai mari stau la coadă: `[-2]`.",
            en="You sorted in ascending order and took the second from the start. The largest are at the end: `[-2]`.",
            wrong=lambda table, i: int(similarity_matrix(table)[i].argsort()[1]),
        ),
        Mistake(
            "from-one",
            ro="Ai numărat de la 1. Rândurile se numără de la 0.",
            en="You counted from 1. Rows are counted from 0.",
            wrong=lambda table, i: nearest(table, i) + 1,
        ),
        Mistake(
            "whole-ranking",
            ro="Ai întors toate cuvintele, în ordine. Se cere unul singur.",
            en="You returned all the words, in order. One alone is asked for.",
            wrong=(
                lambda table, i: (-similarity_matrix(table)[i]).argsort(),
                lambda table, i: similarity_matrix(table)[i].argsort(),
                lambda table, i: (-similarity_matrix(table)[i]).argsort()[1:],
            ),
        ),
        Mistake(
            "other-row",
            ro="Ai căutat pentru alt cuvânt decât `i`.",
            en="You searched for another word than `i`.",
            wrong=(lambda table, i: nearest(table, 0), lambda table, i: nearest(table, len(table) - 1)),
        ),
    ),
)

EXERCISES = (COSINE, MATRIX, NEAREST)
