"""Chapter 1: vectors and similarity."""

import numpy as np

from .engine import Exercise
from .mistakes import Mistake
from .signs import fails_only


def length(x, axis=None):
    return np.linalg.norm(x, axis=axis, keepdims=axis is not None)


# 1. The cosine


def cosine(a, b):
    lengths = length(a) * length(b)
    return a @ b / lengths if lengths > 0 else 0.0


def cosine_cases(rng: np.random.Generator) -> list[tuple]:
    pairs = [([-3.0], [2.0]), ([3.0, 4.0], [4.0, 3.0]), ([0.0, 2.0], [3.0, 0.0]), ([1.0, 2.0], [-2.0, -4.0]),
             ([0.3, 0.1], [0.2, 0.5]), ([1.0, 2.0], [1.0, 2.0])]  # fmt: skip
    # No direction at all; then vectors that only look like it: one number zero, or their sum, or a small length.
    pairs += [([0.0, 0.0], [1.0, 2.0]), ([2.0, 1.0], [0.0, 0.0]), ([0.0, 0.0], [0.0, 0.0]), ([0.0] * 3, [1.0, 0, 2])]
    pairs += [([2.0, 0.0], [1.0, 1.0]), ([1.0, 3.0], [0.0, 2.0]), ([1.0, -1.0], [3.0, 1.0]),
              ([0.006, 0.008], [1.0, 0.0]), ([3000.0, 4000.0], [4.0, 3.0])]  # fmt: skip
    pairs += [tuple(rng.normal(scale=scale, size=(2, n)).round(2) + 0.005)
              for n in (2, 3, 5, 8) for scale in (0.5, 1, 4)]  # fmt: skip
    return [(np.array(a), np.array(b)) for a, b in pairs]


def both(*formulas):
    """Each formula as it stands, and by somebody who takes care of the vector of zeros."""
    return (*formulas, *(lambda a, b, f=f: f(a, b) if a.any() and b.any() else 0.0 for f in formulas))


COSINE = Exercise(
    "01.cosine",
    cosine,
    cosine_cases,
    (
        Mistake(
            "zero-vector",
            ro="Pe un vector numai din zerouri ai împărțit la zero. Tratează-l separat: asemănarea lui e 0.",
            en="For a vector of zeros you divided by zero. Treat it separately: its similarity is 0.",
            wrong=(
                lambda a, b: a @ b / (length(a) * length(b)),
                lambda a, b: a @ b / (length(a) * length(b)) if a.any() else 0.0,
                lambda a, b: a @ b / (length(a) * length(b)) if b.any() else 0.0,
                lambda a, b: a @ b / (length(a) * length(b)) if a.any() or b.any() else 0.0,
            ),
        ),
        Mistake(
            "zero-agreed",
            ro="Greșești doar când un vector e numai din zerouri. Am convenit că asemănarea lui cu orice vector e 0, "
            "chiar și cu un alt vector nul.",
            en="You are wrong only when a vector is all zeros. We agreed that its similarity to any vector is 0, even "
            "to another vector of zeros.",
            when=lambda trials: fails_only(trials, lambda t: not t.args[0].any() or not t.args[1].any()),
            wrong=(
                lambda a, b: 1.0 if not a.any() or not b.any() else cosine(a, b),
                lambda a, b: 1.0 if not a.any() and not b.any() else cosine(a, b),
                lambda a, b: 1.0 if np.array_equal(a, b) else cosine(a, b),
                lambda a, b: -1.0 if not a.any() or not b.any() else cosine(a, b),
            ),
        ),
        Mistake(
            "not-all-zeros",
            ro="Ai întors 0 și pentru vectori care au direcție. Numai un vector cu *toate* numerele zero nu are: "
            "`not a.any()`.",
            en="You returned 0 for vectors that do have a direction. Only a vector whose numbers are *all* zero has "
            "none: `not a.any()`.",
            wrong=(
                lambda a, b: cosine(a, b) if a.all() and b.all() else 0.0,
                lambda a, b: cosine(a, b) if a.sum() and b.sum() else 0.0,
                lambda a, b: cosine(a, b) if a[0] and b[0] else 0.0,
                lambda a, b: cosine(a, b) if length(a) > 0.1 and length(b) > 0.1 else 0.0,
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
            wrong=both(lambda a, b: a @ b / length(a), lambda a, b: a @ b / length(b), lambda a, b: a @ b / (a @ a),
                       lambda a, b: a @ b / (b @ b)),
        ),
        Mistake(
            "squared-lengths",
            ro="Lungimea e radicalul sumei pătratelor; la tine lipsește radicalul sau e unul în plus.",
            en="The length is the square root of the sum of squares; your root is missing, or there is one too many.",
            wrong=both(
                lambda a, b: a @ b / ((a @ a) * (b @ b)),
                lambda a, b: a @ b / np.sqrt(length(a) * length(b)),
            ),
        ),
        Mistake(
            "other-length",
            ro="Ai măsurat lungimea altfel: cu suma modulelor, cu cea mai mare coordonată sau cu numărul de "
            "coordonate. Ia lungimea din teorema lui Pitagora.",
            en="You measured the length in another way: by the sum of absolute values, the largest coordinate or their "
            "number. Use Pythagoras' theorem.",
            wrong=both(
                lambda a, b: a @ b / (np.abs(a).sum() * np.abs(b).sum()),
                lambda a, b: a @ b / (np.abs(a).max() * np.abs(b).max()),
                lambda a, b: a @ b / len(a),
                lambda a, b: a @ b / np.sqrt(len(a)),
                lambda a, b: a @ b / (len(a) * len(b)),
            ),
        ),
        Mistake(
            "added-lengths",
            ro="Lungimile se înmulțesc între ele, nu se adună.",
            en="The lengths are multiplied by one another, not added.",
            wrong=both(
                lambda a, b: a @ b / (length(a) + length(b)),
                lambda a, b: 2 * (a @ b) / (length(a) + length(b)),
            ),
        ),
        Mistake(
            "length-of-result",
            ro="Ai împărțit la lungimea sumei sau a produsului. Ia întâi lungimea fiecărui vector, apoi înmulțește-le.",
            en="You divided by the length of the sum or of the product. First take the length of each vector, then "
            "multiply.",
            wrong=both(lambda a, b: a @ b / length(a + b), lambda a, b: a @ b / length(a * b),
                       lambda a, b: a @ b / max(length(a * b), 1e-300),
                       lambda a, b: a @ b / np.abs(a @ b)),
        ),
        Mistake(
            "angle",
            ro="Acesta e unghiul. Se cere cosinusul lui, deci fără `arccos` la sfârșit.",
            en="This is the angle. Its cosine is asked for, so no `arccos` at the end.",
            wrong=(
                lambda a, b: np.arccos(np.clip(cosine(a, b), -1, 1)),
                lambda a, b: np.degrees(np.arccos(np.clip(cosine(a, b), -1, 1))),
                *both(lambda a, b: np.arccos(a @ b / (length(a) * length(b))),
                      lambda a, b: np.arccos(np.clip(a @ b / (length(a) * length(b)), -1, 1)),
                      lambda a, b: np.degrees(np.arccos(np.clip(a @ b / (length(a) * length(b)), -1, 1)))),
            ),
        ),
        Mistake(
            "distance",
            ro="Aceasta e o distanță: 0 pentru vectori egali. Se cere cosinusul, care e 1 pentru vectori egali.",
            en="This is a distance: 0 for equal vectors. The cosine is asked for, which is 1 for equal vectors.",
            wrong=(lambda a, b: 1 - cosine(a, b), *both(lambda a, b: 1 - a @ b / (length(a) * length(b))),
                   lambda a, b: length(a - b)),
        ),
        Mistake(
            "sign-lost",
            ro="Semnul s-a pierdut. Cosinusul poate fi negativ: doi vectori opuși îl au −1.",
            en="The sign is lost. A cosine may be negative: two opposite vectors have −1.",
            wrong=(
                lambda a, b: abs(cosine(a, b)),
                lambda a, b: cosine(a, b) ** 2,
                lambda a, b: max(cosine(a, b), 0),
                *both(lambda a, b: abs(a @ b) / (length(a) * length(b)),
                      lambda a, b: np.abs(a) @ np.abs(b) / (length(a) * length(b))),
            ),
        ),
        Mistake(
            "rescaled",
            ro="Ai adus rezultatul între 0 și 1. Cosinusul merge de la −1 la 1: lasă-l cum iese din formulă.",
            en="You brought the result between 0 and 1. A cosine runs from −1 to 1: leave it as the formula gives it.",
            wrong=(lambda a, b: (1 + cosine(a, b)) / 2, *both(lambda a, b: (1 + a @ b / (length(a) * length(b))) / 2)),
        ),
        Mistake(
            "centred",
            ro="Ai scăzut întâi media: asta e corelația. Cosinusul ia vectorii așa cum sunt.",
            en="You subtracted the mean first: that is the correlation. The cosine takes the vectors as they are.",
            wrong=(
                lambda a, b: cosine(a - a.mean(), b - b.mean()),
                *both(lambda a, b: (lambda x, y: x @ y / (length(x) * length(y)))(a - a.mean(), b - b.mean())),
            ),
        ),
        Mistake(
            "not-summed",
            ro="Ai înmulțit coordonatele, dar nu ai adunat rezultatele: produsul scalar e un singur număr.",
            en="You multiplied the coordinates but did not add the results: the dot product is a single number.",
            wrong=(
                lambda a, b: a * b,
                lambda a, b: a * b / (length(a) * length(b)),
                lambda a, b: a * b / (length(a) * length(b)) if a.any() and b.any() else 0 * a,
                lambda a, b: a * b / (length(a) * length(b)) if a.any() and b.any() else 0.0,
            ),
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
    small = [[[2.0]], [[3.0, 4.0]], [[2.0], [-3.0]], [[1.0, 2.0], [4.0, 3.0]], [[1.0, 0.0], [1.0, 1.0], [0.0, -2.0]],
             [[1.0, 2.0], [2.0, 4.0], [-3.0, -6.0]], [[0.006, 0.008], [300.0, 100.0]]]  # fmt: skip
    shapes = [(3, 2), (2, 3), (4, 4), (3, 3), (5, 3), (6, 8), (14, 3)]
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
            ro="Ai împărțit tot tabelul la un singur număr. Fiecare rând se împarte la lungimea lui.",
            en="You divided the whole table by a single number. Each row is divided by its own length.",
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
            ro="Ai măsurat lungimea cu suma, cu suma modulelor sau cu cel mai mare număr. Ia-o pe a lui Pitagora.",
            en="You measured the length by the sum, the sum of absolute values or the largest number. Use Pythagoras.",
            wrong=(
                lambda X: (lambda Y: Y @ Y.T)(X / X.sum(1, keepdims=True)),
                lambda X: (lambda Y: Y @ Y.T)(X / np.abs(X).sum(1, keepdims=True)),
                lambda X: (lambda Y: Y @ Y.T)(X / np.abs(X).max(1, keepdims=True)),
            ),
        ),
        Mistake(
            "centred",
            ro="Ai scăzut mediile: asta e corelația. Cosinusul ia rândurile așa cum sunt.",
            en="You subtracted the means: that is the correlation. The cosine takes the rows as they are.",
            wrong=(
                lambda X: similarity_matrix(X - X.mean(1, keepdims=True)),
                lambda X: np.corrcoef(X),
                lambda X: similarity_matrix(X - X.mean(0)),
            ),
        ),
        Mistake(
            "distances",
            ro="Acestea sunt distanțe: 0 pe diagonală. Se cer cosinusuri, cu 1 pe diagonală.",
            en="These are distances: 0 on the diagonal. Cosines are asked for, with 1 on the diagonal.",
            wrong=(
                lambda X: np.linalg.norm(X[:, None] - X[None], axis=-1),
                lambda X: 1 - similarity_matrix(X),
            ),
        ),
        Mistake(
            "no-diagonal",
            ro="Ai golit diagonala. Un cuvânt cu el însuși are cosinusul 1.",
            en="You emptied the diagonal. A word with itself has cosine 1.",
            wrong=lambda X: similarity_matrix(X) * (1 - np.eye(len(X))),
        ),
        Mistake(
            "half",
            ro="Jumătate din matrice e goală. Perechea (i, j) apare și ca (j, i), cu același cosinus.",
            en="Half of the matrix is empty. The pair (i, j) appears as (j, i) too, with the same cosine.",
            wrong=(
                lambda X: np.triu(similarity_matrix(X)),
                lambda X: np.tril(similarity_matrix(X)),
                lambda X: np.triu(similarity_matrix(X), 1),
                lambda X: np.tril(similarity_matrix(X), -1),
            ),
        ),
        Mistake(
            "one-row",
            ro="Ai comparat doar primul rând cu celelalte, sau doar vecinii. Rezultatul are un rând pentru fiecare "
            "cuvânt.",
            en="You compared only the first row with the others, or neighbours only. The result has one row for each "
            "word.",
            wrong=(
                lambda X: similarity_matrix(X)[0],
                lambda X: np.diag(similarity_matrix(X), 1),
                lambda X: np.tile(similarity_matrix(X)[0], (len(X), 1)),
            ),
        ),
        Mistake(
            "added-lengths",
            ro="Lungimile celor două rânduri se înmulțesc între ele, nu se adună.",
            en="The lengths of the two rows are multiplied by one another, not added.",
            wrong=lambda X: X @ X.T / (length(X, axis=1) + length(X, axis=1).T),
        ),
        Mistake(
            "angles",
            ro="Acestea sunt unghiuri. Se cer cosinusurile lor, deci fără `arccos` la sfârșit.",
            en="These are angles. Their cosines are asked for, so no `arccos` at the end.",
            wrong=(
                lambda X: np.arccos(np.clip(similarity_matrix(X), -1, 1)),
                lambda X: np.degrees(np.arccos(np.clip(similarity_matrix(X), -1, 1))),
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
    # another row of the same direction, before `i` and after it: the two tie at exactly 1
    same, twice = np.array([[3.0, 4.0], [1.0, 0.0], [6.0, 8.0]]), np.array([[1.0, 2.0], [0.0, 1.0], [1.0, 2.0]])
    cases += [(same, 0), (same, 2), (twice, 0), (twice, 2)]
    # the other word alone, opposite or nearly so: its cosine is still the largest there is
    cases += [(np.array([[3.0, 4.0], [-6.0, -8.0]]), i) for i in (0, 1)] + [(np.array([[1.0, 0.0], [-2.0, 1.0]]), 0)]
    while len(cases) < 24:
        X = table(rng, int(rng.integers(3, 8)), int(rng.integers(2, 6)))
        if clear(X):
            cases.append((X, int(rng.integers(len(X)))))
    return cases


def without(scores, i, largest=True):
    """The best place but i."""
    scores = np.array(scores, dtype=float)
    scores[i] = -np.inf if largest else np.inf
    return int(scores.argmax() if largest else scores.argmin())


def _dropped(places, table, i, fill):
    """The largest cosine once those at `places` are overwritten."""
    return int(np.where(places, fill, similarity_matrix(table)[i]).argmax())


NEAREST = Exercise(
    "01.nearest",
    nearest,
    nearest_cases,
    (
        Mistake(
            "itself",
            ro="Cel mai asemănător cuvânt e, firește, el însuși. Se cere altul: scoate-l pe `i` dintre candidați.",
            en="The most similar word is of course the word itself. Another is asked for: take `i` out of the running.",
            wrong=(
                lambda table, i: similarity_matrix(table)[i].argmax(),
                lambda table, i: i,
                lambda table, i: np.linalg.norm(table - table[i], axis=1).argmin(),
            ),
        ),
        Mistake(
            "second-best",
            ro="Ai luat al doilea din clasament, ca și cum primul ar fi mereu `i`. Dacă alt rând are exact aceeași "
            "direcție, cele două sunt la egalitate: scoate-l întâi pe `i`.",
            en="You took the second of the ranking, as if the first were always `i`. If another row has exactly the "
            "same direction, the two tie: take `i` out first.",
            wrong=(
                lambda table, i: similarity_matrix(table)[i].argsort()[-2],
                lambda table, i: (-similarity_matrix(table)[i]).argsort()[1],
            ),
        ),
        Mistake(
            "alike-dropped",
            ro="Ai scos toate cuvintele cu cosinus 1, deci și un *alt* cuvânt cu aceeași direcție. Scoate doar "
            "numărul `i`.",
            en="You took out all the words with cosine 1, even *another* word with the same direction. Take out "
            "number `i` alone.",
            wrong=(
                *(lambda table, i, fill=fill: _dropped(similarity_matrix(table)[i] > 0.9999, table, i, fill)
                  for fill in (0, -1, -np.inf)),
                *(lambda table, i, fill=fill: _dropped((table == table[i]).all(axis=1), table, i, fill)
                  for fill in (0, -1, -np.inf)),
            ),
        ),
        Mistake(
            "weak-fill",
            ro="Numărul de la care pornești, sau cel pus în locul lui `i`, nu e destul de mic: cosinusul celorlalte "
            "poate coborî până la −1. Pune `-np.inf`.",
            en="The number that you start from, or put in the place of `i`, is not low enough: the cosine of the "
            "others may go down to −1. Put `-np.inf`.",
            wrong=(
                lambda table, i: _dropped(np.arange(len(table)) == i, table, i, -1),
                lambda table, i: _dropped(np.arange(len(table)) == i, table, i, 0),
                lambda table, i: nearest(table, i) if np.delete(similarity_matrix(table)[i], i).max() > 0 else 0,
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
            en="An opposite vector is not similar: its cosine is −1. Do not take the absolute value.",
            wrong=(
                lambda table, i: without(np.abs(similarity_matrix(table)[i]), i),
                lambda table, i: without(similarity_matrix(table)[i] ** 2, i),
            ),
        ),
        Mistake(
            "score",
            ro="Acesta e cosinusul celui mai asemănător cuvânt. Se cere numărul cuvântului, un întreg.",
            en="This is the cosine of the most similar word. The number of that word is asked for, an integer.",
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
            ro="Ai sortat crescător și ai luat al doilea de la început, unde stau cele mai puțin asemănătoare. "
            "Scoate-l pe `i`, apoi ia-l pe cel mai mare: `argmax`.",
            en="You sorted in ascending order and took the second from the start, where the least similar stand. Take "
            "`i` out, then take the largest: `argmax`.",
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
            en="You returned all the words, in order. Only one is asked for.",
            wrong=(
                lambda table, i: (-similarity_matrix(table)[i]).argsort(),
                lambda table, i: similarity_matrix(table)[i].argsort(),
                lambda table, i: similarity_matrix(table)[i].argsort()[::-1],
                lambda table, i: (-similarity_matrix(table)[i]).argsort()[1:],
            ),
        ),
        Mistake(
            "other-row",
            ro="Ai căutat cuvântul asemănător cu altul, nu cu `i`.",
            en="You searched for a word other than `i`.",
            wrong=(lambda table, i: nearest(table, 0), lambda table, i: nearest(table, len(table) - 1)),
        ),
    ),
)

EXERCISES = (COSINE, MATRIX, NEAREST)
