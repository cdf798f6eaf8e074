"""How an answer is examined: run it, compare it, and look for the mistake that explains it.

An exercise is a reference function, a generator of cases, and the mistakes that learners make. An answer that fails
is compared with each mistake: the one that gives the same results on every case tells what went wrong.
"""

import contextlib
import inspect
import io
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..language import say
from .mistakes import GENERAL, Mistake
from .verdict import Verdict

LARGEST = 10**5  # no right answer comes near: larger results are not read

@dataclass(frozen=True)
class Outcome:
    """What one call gave: numbers, or the reason why there are none."""

    value: np.ndarray | None = None
    problem: str | None = None  # "nothing", "raised", "type" or "size"
    error: BaseException | None = None
    returned: Any = None
    overflowed: bool = False
    changed: bool = False  # the call changed its own input

    @property
    def finite(self) -> bool:
        return self.value is not None and bool(np.isfinite(self.value).all())


@dataclass(frozen=True)
class Trial:
    """One case, what came and what was expected (both as the exercise measures them)."""

    args: tuple
    outcome: Outcome
    got: np.ndarray | None
    expected: np.ndarray
    passed: bool

    @property
    def size(self) -> int:
        return sum(np.size(a) for a in self.args)


@dataclass(frozen=True)
class Exercise:
    id: str
    reference: Callable  # its parameters name the inputs in the messages
    cases: Callable[[np.random.Generator], list[tuple]]  # from the smallest to larger
    mistakes: tuple[Mistake, ...]
    tolerance: float = 1e-6
    measure: Callable | None = None  # (*args, number) -> what is compared; by default the answer itself
    measured: tuple[str, str] = ("", "")  # its name, in Romanian and in English

    @property
    def arguments(self) -> list[str]:
        return list(inspect.signature(self.reference).parameters)


def examine(exercise: Exercise, answer: object, rng: np.random.Generator) -> Verdict:
    """The verdict on an answer. Raises nothing, whatever the answer does."""
    if answer is None or answer is Ellipsis:
        return _unsolved()
    if not callable(answer):
        return _failed("", GENERAL["not-callable"])
    trials = _best_trials(exercise, answer, exercise.cases(rng))
    if all(_is_stub(trial.outcome) for trial in trials):
        return _unsolved(answer)
    failed = [trial for trial in trials if not trial.passed]
    if not failed:
        return _passed(len(trials))
    smallest = min(failed, key=lambda trial: trial.size)
    return _failed(_show(exercise, smallest), _diagnose(exercise, answer, trials, smallest))


# Running


def _best_trials(exercise: Exercise, answer: Callable, cases: list[tuple]) -> list[Trial]:
    """Numpy inputs first; where the answer raises, tensors too. The attempt that gets furthest counts."""
    attempts = []
    for form in _forms():
        attempts.append([_try(exercise, answer, args, form) for args in cases])
        if not any(trial.outcome.problem == "raised" for trial in attempts[-1]):
            break
    return max(attempts, key=_progress)


def _progress(trials: list[Trial]) -> tuple[int, int, bool]:
    errors = [str(type(t.outcome.error)) + _text(t.outcome.error) for t in trials if t.outcome.error is not None]
    wants_tensors = any("Tensor" in error or "torch" in error for error in errors)
    return sum(trial.passed for trial in trials), -len(errors), not wants_tensors


def _forms() -> Iterator[Callable]:
    """The ways to hand over an argument. Torch comes up only if somebody has imported it, the answer perhaps."""
    yield lambda a: a.copy() if isinstance(a, np.ndarray) else a
    torch = sys.modules.get("torch")
    if torch is not None:
        yield lambda a: torch.tensor(a) if isinstance(a, np.ndarray) else a
        yield lambda a: torch.tensor(a, dtype=torch.float64) if not isinstance(a, int) else torch.tensor(a)
        yield lambda a: torch.tensor(a, dtype=torch.float32) if isinstance(a, np.ndarray) else a


def _try(exercise: Exercise, answer: Callable, args: tuple, form: Callable) -> Trial:
    outcome = _call(answer, args, form)
    expected = np.asarray(exercise.reference(*args), dtype=float)
    got = outcome.value
    if got is not None and got.size == 1 and exercise.measure:
        got, expected = exercise.measure(*args, got.item()), exercise.measure(*args, expected.item())
    passed = got is not None and _close(got, expected, exercise.tolerance) and not outcome.changed
    return Trial(args, outcome, got, expected, passed)


def _call(function: Callable, args: tuple, form: Callable) -> Outcome:
    given, kept = [form(a) for a in args], [form(a) for a in args]
    try:
        with _quiet() as caught:
            returned = function(*given)
        overflowed = any("overflow" in str(warning.message) for warning in caught)
        changed = not all(_equal(a, b) for a, b in zip(given, kept, strict=True))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # an answer may raise anything, SystemExit too
        return Outcome(problem="raised", error=error)
    if returned is None or returned is Ellipsis:
        return Outcome(problem="nothing", changed=changed)
    value, problem = _numbers(returned)
    return Outcome(value, problem, None, returned, overflowed, changed)


@contextlib.contextmanager
def _quiet() -> Iterator[list]:
    """Dozens of calls: their prints would bury the verdict, and their warnings are read here."""
    silence = io.StringIO()
    with (
        np.errstate(all="ignore", over="warn"),
        warnings.catch_warnings(record=True) as caught,
        contextlib.redirect_stdout(silence),
        contextlib.redirect_stderr(silence),
    ):
        warnings.simplefilter("always")
        yield caught


def _equal(a: Any, b: Any) -> bool:
    return a.shape == b.shape and bool((a == b).all()) if hasattr(a, "shape") else True


def _numbers(returned: Any) -> tuple[np.ndarray | None, str | None]:
    """Whatever holds real numbers, as a numpy array of floats; else what is wrong with it."""
    try:
        array = _array(returned)
        if array.size > LARGEST:
            return None, "size"
        return (array.astype(float), None) if array.dtype.kind in "iuf" else (None, "type")
    except KeyboardInterrupt:
        raise
    except BaseException:  # ragged lists, objects that cannot be arrays
        return None, "type"


def _array(x: Any) -> np.ndarray:
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(x, torch.Tensor):
        x = x.detach().cpu()
        return (x.double() if x.is_floating_point() else x).numpy()
    if isinstance(x, list | tuple):
        return np.array([_array(item) for item in x])
    if isinstance(x, np.ndarray | np.generic | int | float) or hasattr(type(x), "__array__"):
        return np.asarray(x)
    raise TypeError


# Comparing


def _close(got: np.ndarray, expected: np.ndarray, tolerance: float) -> bool:
    """Equal up to rounding. A result that fits in float32 was probably computed there, and rounds more."""
    if expected.ndim == 0 and got.size == 1:
        got = got.reshape(())
    if got.shape != expected.shape:
        return False
    with np.errstate(all="ignore"):
        single = np.array_equal(got, got.astype(np.float32), equal_nan=True)
    tolerance = max(tolerance, 1e-3 if single else 0)
    return np.allclose(got, expected, rtol=tolerance, atol=tolerance * max(1, np.abs(expected).max(initial=0)))


def _same(a: Outcome, b: Outcome) -> bool:
    """Do two calls tell of the same mistake? Python's own numbers raise where arrays overflow."""
    if a.value is not None and b.value is not None:
        if a.value.size != b.value.size or a.value.squeeze().shape != b.value.squeeze().shape:
            return False
        ours, theirs = (np.where(np.abs(o.value) < 1e9, o.value, np.nan).squeeze() for o in (a, b))  # inf, huge: alike
        return np.allclose(ours, theirs, rtol=1e-3, atol=1e-6, equal_nan=True)
    if a.problem == b.problem == "raised":
        return _kind(a.error) == _kind(b.error)
    if a.value is None and b.value is None:
        return a.problem == b.problem
    with_numbers, without = (a, b) if b.value is None else (b, a)
    return isinstance(without.error, OverflowError | ZeroDivisionError) and not with_numbers.finite


def _kind(error: BaseException) -> tuple:
    """What an error is about: numpy, torch and this package each have their own words for the same fault."""
    text = _text(error)
    if isinstance(error, IndexError) or text.startswith("axis="):
        return ("axis",)
    if "broadcast" in text or "size of tensor" in text:
        return ("shapes",)
    return type(error), text[:25]


def _alike(trial: Trial, wrong: Callable) -> bool:
    return _same(trial.outcome, _call(wrong, trial.args, next(_forms())))


def _is_stub(outcome: Outcome) -> bool:
    return outcome.problem == "nothing" or isinstance(outcome.error, NotImplementedError)


# Explaining


def _diagnose(exercise: Exercise, answer: Callable, trials: list[Trial], smallest: Trial) -> Mistake | None:
    """The mistake that gives the same results on every case; else a sign of one; else the shape of the failure."""
    failed = [trial for trial in trials if not trial.passed]
    right_but_changed = all(
        trial.got is not None and _close(trial.got, trial.expected, exercise.tolerance) for trial in failed
    )
    divides_by_zero = all(isinstance(trial.outcome.error, ZeroDivisionError) for trial in trials)
    if right_but_changed or divides_by_zero:  # no mistake on the list does that
        return _general(answer, failed, smallest)
    telling = any(trial.outcome.finite for trial in failed)  # nothing but NaN and errors looks alike in all mistakes
    agreeing = {}
    for mistake in exercise.mistakes:
        if mistake.when and mistake.when(trials):
            agreeing.setdefault("sign", mistake)
        for wrong in mistake.functions:
            if not all(_alike(trial, wrong) for trial in failed):
                continue
            if all(_alike(trial, wrong) for trial in trials if trial.passed):
                return mistake
            if telling:
                agreeing.setdefault("failures", mistake)
    return agreeing.get("sign") or agreeing.get("failures") or _general(answer, failed, smallest)


def _general(answer: Callable, failed: list[Trial], smallest: Trial) -> Mistake | None:
    """What can be said of any exercise: the first sign that fits."""
    outcome, got, expected = smallest.outcome, smallest.got, smallest.expected
    finite = [trial for trial in failed if trial.outcome.finite and trial.got.shape == trial.expected.shape]
    signs = {
        "arguments": lambda: outcome.problem == "raised" and not _takes(answer, smallest.args),
        "too-large": lambda: outcome.overflowed or isinstance(outcome.error, OverflowError),
        "raises": lambda: outcome.problem == "raised",
        "no-return": lambda: outcome.problem == "nothing",
        "pair": lambda: isinstance(outcome.returned, tuple) and _has_part(outcome.returned, expected),
        "type": lambda: outcome.problem == "type",
        "too-many": lambda: outcome.problem == "size",
        "in-place": lambda: outcome.changed,
        "same-for-all": lambda: len(failed) > 2 and all(_same(t.outcome, outcome) for t in failed),
        "transposed": lambda: got.ndim > 1 and _close(got.T, expected, 1e-6),
        "shape": lambda: got.shape != expected.shape and not (expected.ndim == 0 and got.size == 1),
        "nan": lambda: not np.isfinite(got).all(),
        "whole": lambda: all(_whole(t.got) for t in finite) and any(not _whole(t.expected) for t in finite),
        "precision": lambda: len(finite) == len(failed) and all(_near(trial) for trial in finite),
    }
    return next((_named(key, outcome, answer) for key, holds in signs.items() if holds()), None)


def _named(key: str, outcome: Outcome, answer: Callable) -> Mistake:
    """The general hint, with the line that raised or the type that came."""
    hint = GENERAL[key]
    detail = _line(outcome.error, answer) if key == "raises" else f"`{type(outcome.returned).__name__}`"
    return Mistake(key, hint.ro.replace("{}", detail), hint.en.replace("{}", detail))


def _takes(answer: Callable, args: tuple) -> bool:
    try:
        inspect.signature(answer).bind(*args)
    except TypeError:
        return False
    except ValueError:  # no signature to be had
        return True
    return True


def _has_part(returned: tuple, expected: np.ndarray) -> bool:
    parts = [_numbers(part)[0] for part in returned[:4]]
    return any(part is not None and _close(part, expected, 1e-6) for part in parts)


def _whole(x: np.ndarray) -> bool:
    return bool((x == np.round(x)).all())


def _near(trial: Trial) -> bool:
    return bool(np.abs(trial.got - trial.expected).max() <= 0.05 * np.abs(trial.expected).max(initial=0.1))


def _line(error: BaseException | None, answer: Callable) -> str:
    """The line of the answer's own code where the error rose, as far as it can be known."""
    try:
        path = inspect.unwrap(answer).__code__.co_filename
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
        return f" `{frames[-1].line}`" if frames and frames[-1].line else ""
    except Exception:
        return ""


# Telling


def _unsolved(answer: object = None) -> Verdict:
    message = say(
        "Nerezolvat încă. Scrie soluția în celula de deasupra, ruleaz-o, apoi rulează din nou verificarea.",
        "Not solved yet. Write your solution in the cell above, run it, then run this check again.",
    )
    if not _has_work(answer):
        return Verdict(False, False, message)
    reminder = say(
        "Dacă ai scris-o deja: funcția nu întoarce nimic. Îi lipsește un `return`?",
        "If you have written it already: the function returns nothing. Is a `return` missing?",
    )
    return Verdict(False, False, f"{message}\n\n{reminder}", "no-return")


def _has_work(answer: object) -> bool:
    """Does the function compute something? A stub names nothing but its arguments."""
    try:
        code, arguments = answer.__code__, inspect.signature(answer).parameters
        return code.co_nlocals > len(arguments) or bool(set(code.co_names) - {"NotImplementedError"})
    except Exception:  # not a function written in Python
        return False


def _passed(count: int) -> Verdict:
    ro = f"{count} de încercări" if count % 100 == 0 or count % 100 >= 20 else f"{count} încercări"
    message = say(
        f"Corect. Funcția ta a dat răspunsul bun în toate cele {ro}.",
        f"Correct. Your function gave the right answer in all {count} trials.",
    )
    return Verdict(True, True, message)


def _failed(shown: str, hint: Mistake | None) -> Verdict:
    opening = say("Încă nu.", "Not yet.")
    if shown:
        opening += say(" Cea mai mică intrare la care funcția greșește:", " The smallest input that it gets wrong:")
    advice = say(
        "Calculează pe hârtie rezultatul pentru intrarea de mai sus și compară pas cu pas.",
        "Work out the result for the input above on paper and compare step by step.",
    )
    if hint:
        advice = say(f"Indiciu: {hint.ro}", f"Hint: {hint.en}")
    message = "\n\n".join(filter(None, [opening, shown, advice]))
    return Verdict(False, True, message, hint.key if hint else None)


def _show(exercise: Exercise, trial: Trial) -> str:
    """The input, what came and what was expected, under one another; digits enough to tell the last two apart."""
    for digits in (4, 7, 12, 17):
        came, expected = _came(exercise, trial, digits), _expected(exercise, trial, digits)
        if came != expected:
            break
    rows = [*zip(exercise.arguments, map(_format, trial.args), strict=True)]
    rows += [(say("a ieșit", "came"), came), (say("trebuia", "expected"), expected)]
    width = max(len(label) for label, _ in rows)
    indent = "\n" + " " * (4 + width + 3)
    return "\n".join(f"    {label:<{width}}   {text.replace(chr(10), indent)}" for label, text in rows)


def _came(exercise: Exercise, trial: Trial, digits: int) -> str:
    outcome = trial.outcome
    if outcome.problem == "raised":
        return _shorten(f"{type(outcome.error).__name__}: {_text(outcome.error)}".strip(" :"))
    if outcome.problem == "nothing":
        return "None"
    if outcome.value is None:
        return _shorten(_text(outcome.returned, repr)) or type(outcome.returned).__name__
    text = _format(outcome.value, digits)
    if outcome.changed and _close(trial.got, trial.expected, exercise.tolerance):
        return text + say("  (bine, dar intrarea s-a schimbat)", "  (right, but the input has changed)")
    if exercise.measure and outcome.value.size == 1:
        text += f"  ({say(*exercise.measured)}: {_format(trial.got, digits)})"
    elif outcome.value.shape != trial.expected.shape:
        text += say(f"  (forma {outcome.value.shape})", f"  (shape {outcome.value.shape})")
    return text


def _expected(exercise: Exercise, trial: Trial, digits: int) -> str:
    text = _format(trial.expected, digits)
    if exercise.measure:
        return f"{say(*exercise.measured)}: {text}"
    if trial.got is not None and trial.got.shape != trial.expected.shape:
        text += say(f"  (forma {trial.expected.shape})", f"  (shape {trial.expected.shape})")
    return text


def _format(x: Any, digits: int = 4) -> str:
    """Numbers as a learner would write them: 0.5, 1000, [0, 1]; the middle of a long array is left out."""
    x = np.asarray(x)

    def number(value: float) -> str:
        return f"{value:.0f}" if value == np.round(value) and abs(value) < 1e6 else f"{value:.{digits}g}"

    if x.ndim == 0:
        return number(float(x))
    width = max((len(number(value)) for value in x.ravel()[:1000]), default=0) if x.ndim > 1 else 0
    form = {"float_kind": lambda v: number(v).rjust(width), "int_kind": lambda v: number(v).rjust(width)}
    return np.array2string(x, separator=", ", threshold=40, edgeitems=3, max_line_width=84, formatter=form)


def _text(x: Any, how: Callable = str) -> str:
    try:
        return how(x)
    except KeyboardInterrupt:
        raise
    except BaseException:  # even describing itself may fail
        return ""


def _shorten(text: str, limit: int = 160) -> str:
    text = " ".join(text.split())
    return text if len(text) <= limit else text[:limit] + "…"
