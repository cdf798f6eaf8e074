"""How an answer is examined: run it, compare it, and look for the mistake that explains it.

An exercise is a reference function, a generator of cases, and the mistakes that learners make. An answer that fails
is compared with each mistake: the one that gives the same results on every case tells what went wrong.
"""

import contextlib
import dis
import functools
import inspect
import numbers
import os
import site
import sys
import sysconfig
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from ..language import say
from .kernel import ESSENTIAL, Kept, NoInput, kept
from .mistakes import GENERAL, Mistake
from .verdict import Verdict

PACKAGE = os.path.dirname(os.path.dirname(__file__))
INSTALLED = (*sysconfig.get_paths().values(), *site.getsitepackages(), PACKAGE, "<frozen")  # nobody's answer is there
LARGEST = 10**5  # no right answer comes near: larger results are not read


Case = tuple[tuple, np.ndarray]  # the arguments, and what is expected of them


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


def examine(exercise: Exercise, answer: object) -> Verdict:
    """The verdict on an answer, the same at every press. Raises nothing, whatever the answer does."""
    try:
        return _examine(exercise, answer)
    except Exception as error:  # the check's own: a library was patched before it, for instance
        return _failed("", _with_detail("broken", f" `{type(error).__name__}: {_shorten(_text(error))}`"))


def _examine(exercise: Exercise, answer: object) -> Verdict:
    if answer is None or answer is Ellipsis:
        return _unsolved()
    if not callable(answer):
        return _failed("", GENERAL["not-callable"])
    trials, replaced = judge(exercise, answer, prepare(exercise))
    if all(_is_stub(trial.outcome, answer) for trial in trials):
        return _unsolved(answer)
    failed = [trial for trial in trials if not trial.passed]
    if not failed:
        return _passed(len(trials), replaced)
    smallest = min(failed, key=lambda trial: trial.size)
    with kept():  # what came is asked to describe itself
        return _failed(_show(exercise, smallest), _diagnose(exercise, answer, trials, smallest), replaced)


# Running


def prepare(exercise: Exercise, seed: int | None = None) -> list[Case]:
    """The cases, and what is expected of each. The draws are those of the exercise, unless a seed asks for others."""
    rng = np.random.default_rng(list(exercise.id.encode()) if seed is None else seed)
    with np.errstate(all="ignore"):
        return [(args, np.asarray(exercise.reference(*args), dtype=float)) for args in exercise.cases(rng)]


def judge(exercise: Exercise, answer: Callable, cases: list[Case]) -> tuple[list[Trial], list[str]]:
    """The trials, and the functions of libraries that the answer replaced.

    Numpy inputs first. An answer that stops there as one written for tensors would, and does nothing else wrong, is
    given tensors too.
    """
    trials, replaced = _attempt(exercise, answer, cases, _copy)
    raised = [trial.outcome.error for trial in trials if not trial.passed]
    if raised and all(map(_wants_tensors, raised)):
        attempts = []
        for form in _tensors():
            attempts.append(_attempt(exercise, answer, cases, form))
            if not any(trial.outcome.problem == "raised" for trial in attempts[-1][0]):
                break
        best, also = max(attempts, key=lambda attempt: _progress(attempt[0]), default=(trials, replaced))
        if _progress(best) > _progress(trials) or any(map(_names_tensors, raised)):
            return list(map(_quoting, best, trials)), also
    return trials, replaced


def passes(exercise: Exercise, answer: Callable, cases: list[Case]) -> bool:
    """Does the answer pass? As judge() has it, but no further than the first trial that decides."""
    with kept() as kernel:
        trials = (_try(exercise, answer, case, _copy, kernel) for case in cases)
        failed = next((trial for trial in trials if not trial.passed), None)
    if failed and _wants_tensors(failed.outcome.error):
        return all(trial.passed for trial in judge(exercise, answer, cases)[0])
    return failed is None


def _attempt(exercise: Exercise, answer: Callable, cases: list, form: Callable) -> tuple[list[Trial], list[str]]:
    with kept() as kernel:
        return [_try(exercise, answer, case, form, kernel) for case in cases], kernel.replaced


def _progress(trials: list[Trial]) -> tuple[int, int]:
    return sum(trial.passed for trial in trials), -sum(trial.outcome.problem == "raised" for trial in trials)


def _wants_tensors(error: BaseException | None) -> bool:
    return isinstance(error, TypeError | AttributeError) or _names_tensors(error)


def _names_tensors(error: BaseException | None) -> bool:
    """Is it torch that complains of an array?"""
    return "Tensor" in _text(error)


def _quoting(trial: Trial, first: Trial) -> Trial:
    """Where tensors stop the answer as numpy did, it is numpy's error that whoever reads the input shown will meet."""
    error = first.outcome.error
    same = error is not None and type(trial.outcome.error) is type(error) and not _names_tensors(error)
    return replace(trial, outcome=first.outcome) if same else trial


def _copy(a: Any) -> Any:
    return a.copy() if isinstance(a, np.ndarray) else a


def _tensors() -> Iterator[Callable]:
    """The ways to hand over an argument as a tensor, if somebody has imported torch: the answer perhaps."""
    torch = sys.modules.get("torch")
    if torch is not None:
        yield lambda a: torch.tensor(a) if isinstance(a, np.ndarray) else a
        yield lambda a: torch.tensor(a, dtype=torch.float64) if not isinstance(a, int) else torch.tensor(a)
        yield lambda a: torch.tensor(a, dtype=torch.float32) if isinstance(a, np.ndarray) else a


def _try(exercise: Exercise, answer: Callable, case: Case, form: Callable, kernel: Kept) -> Trial:
    args, expected = case
    outcome = _call(answer, args, form, kernel)
    got = outcome.value
    if got is not None and got.size == 1 and exercise.measure:
        got, expected = exercise.measure(*args, got.item()), exercise.measure(*args, expected.item())
    passed = got is not None and _close(got, expected, exercise.tolerance) and not outcome.changed
    return Trial(args, outcome, got, expected, passed)


def _call(function: Callable, args: tuple, form: Callable = _copy, kernel: Kept | None = None) -> Outcome:
    given, before = [form(a) for a in args], [form(a) for a in args]
    try:
        with _listening() as caught:
            returned = function(*given)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # an answer may raise anything, SystemExit too
        return Outcome(problem="raised", error=error)
    finally:
        if kernel:
            kernel.put_back(len(ESSENTIAL))
    overflowed = any("overflow" in str(warning.message) for warning in caught)
    changed = not all(map(_equal, given, before))
    if returned is None or returned is Ellipsis:
        return Outcome(problem="nothing", changed=changed)
    value, problem = _numbers(returned)
    return Outcome(value, problem, None, returned, overflowed, changed)


@contextlib.contextmanager
def _listening() -> Iterator[list]:
    """Of all that numpy warns about, only an overflow tells what is wrong."""
    with np.errstate(all="ignore", over="warn"), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield caught


def _equal(a: Any, b: Any) -> bool:
    """Is an argument what it was? Where nan was, nan still is."""
    return a.shape == b.shape and bool(((a == b) | ((a != a) & (b != b))).all()) if hasattr(a, "shape") else True


def _numbers(returned: Any) -> tuple[np.ndarray | None, str | None]:
    """Whatever holds real numbers, as a numpy array of floats; else what is wrong with it."""
    try:
        array = _array(returned)
        if array.size > LARGEST:
            return None, "size"
        if array.dtype.kind == "O" and all(isinstance(x, numbers.Real | Decimal) for x in array.flat):
            array = array.astype(float)
        return (array.astype(float), None) if array.dtype.kind in "iuf" else (None, "type")
    except KeyboardInterrupt:
        raise
    except BaseException:  # ragged lists, objects that cannot be arrays
        return None, "type"


def _array(x: Any) -> np.ndarray:
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(x, torch.Tensor):
        x = x.detach().cpu().to_dense().resolve_conj().resolve_neg()
        return (x.double() if x.is_floating_point() else x).numpy()
    if isinstance(x, list | tuple):
        return np.array([_array(item) for item in x])
    if isinstance(x, Fraction | Decimal):
        return np.asarray(float(x))
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
        single = ((got == got.astype(np.float32)) | np.isnan(got)).all()
        tolerance = max(tolerance, 1e-3 if single else 0)
        room = tolerance * (np.abs(expected) + max(1, np.abs(expected).max(initial=0)))
        return bool(((np.abs(got - expected) <= room) | (got == expected)).all())


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


def _is_stub(outcome: Outcome, answer: Callable) -> bool:
    """Nothing came back, or the answer itself says that it is not written; torch and input() may say so too."""
    if outcome.problem == "nothing":
        return True
    if type(outcome.error) is not NotImplementedError:
        return False
    last = outcome.error.__traceback__
    while last.tb_next:
        last = last.tb_next
    code = last.tb_frame.f_code
    return code is _code(answer) and code.co_code[last.tb_lasti] == dis.opmap["RAISE_VARARGS"]


def _code(answer: Any) -> Any:
    """The code of the answer itself, behind decorators, partials, methods and instances; None where there is none."""
    try:
        for _ in range(9):
            answer = inspect.unwrap(answer)
            answer = answer.func if isinstance(answer, functools.partial) else getattr(answer, "__func__", answer)
            if inspect.isfunction(answer):
                return answer.__code__
            answer = getattr(answer, "forward", None) or type(answer).__call__
    except Exception:  # an object may refuse to be looked at
        return None


# Explaining


def _diagnose(exercise: Exercise, answer: Callable, trials: list[Trial], smallest: Trial) -> Mistake | None:
    """The mistake that gives the same results on every case; else a sign of one; else the shape of the failure."""
    failed = [trial for trial in trials if not trial.passed]
    right_but_changed = all(
        trial.got is not None and _close(trial.got, trial.expected, exercise.tolerance) for trial in failed
    )
    divides_by_zero = all(isinstance(trial.outcome.error, ZeroDivisionError) for trial in trials)
    asks = any(isinstance(trial.outcome.error, NoInput) for trial in failed)
    if right_but_changed or divides_by_zero or asks:  # no mistake on the list does that
        return _general(answer, trials, smallest)
    sign = None
    for mistake in exercise.mistakes:
        if any(_explains(wrong, trials) for wrong in mistake.functions):
            return mistake
        if sign is None and mistake.when and mistake.when(trials):
            sign = mistake
    return sign or _general(answer, trials, smallest)


def _explains(wrong: Callable, trials: list[Trial]) -> bool:
    """Does the mistake give what the answer gave, at every trial? One that agrees with the failures alone may lie."""
    return all(_same(trial.outcome, _call(wrong, trial.args)) for trial in trials)


def _general(answer: Callable, trials: list[Trial], smallest: Trial) -> Mistake | None:
    """What can be said of any exercise: the first sign that fits."""
    outcome, got, expected = smallest.outcome, smallest.got, smallest.expected
    failed = [trial for trial in trials if not trial.passed]
    finite = [trial for trial in trials if trial.outcome.finite]
    shaped = [trial for trial in finite if not trial.passed and trial.got.shape == trial.expected.shape]
    counts = all(_whole(trial.expected) for trial in trials)  # what is asked for is whole numbers
    signs = {
        "input": lambda: isinstance(outcome.error, NoInput),
        "arguments": lambda: outcome.problem == "raised" and not _takes(answer, smallest.args),
        "too-large": lambda: all(_overflowed(trial.outcome) != trial.passed for trial in trials),
        "raises": lambda: outcome.problem == "raised",
        "no-return": lambda: outcome.problem == "nothing",
        "pair": lambda: isinstance(outcome.returned, tuple) and _has_part(outcome.returned, expected),
        "type": lambda: outcome.problem == "type",
        "too-many": lambda: outcome.problem == "size",
        "in-place": lambda: outcome.changed,
        "same-for-all": lambda: len(finite) == len(trials) > 2 and all(_same(t.outcome, outcome) for t in trials),
        "transposed": lambda: all(map(_turned, failed)),
        "shape": lambda: got.shape != expected.shape and not (expected.ndim == 0 and got.size == 1),
        "nan": lambda: not np.isfinite(got).all(),
        "whole": lambda: bool(shaped) and not counts and all(_made_whole(trial) for trial in finite),
        "precision": lambda: len(shaped) == len(failed) and all(_near(trial) for trial in shaped),
    }
    key = next((key for key, holds in signs.items() if holds()), None)
    return _with_detail(key, *_detail(key, outcome)) if key else None


def _with_detail(key: str, ro: str = "", en: str | None = None) -> Mistake:
    """A general hint, with what is particular to the answer in the place kept for it."""
    hint = GENERAL[key]
    return Mistake(key, hint.ro.replace("{}", ro), hint.en.replace("{}", ro if en is None else en))


def _detail(key: str, outcome: Outcome) -> tuple[str, ...]:
    """The line that raised, or the type that came."""
    if key == "raises":
        line = _line(outcome.error)
        return (f" aici: `{line}`", f" here: `{line}`") if line else ("", "")
    return (f"`{type(outcome.returned).__name__}`" + _text(outcome.returned, lambda array: f" ({array.dtype})"),)


def _overflowed(outcome: Outcome) -> bool:
    return isinstance(outcome.error, OverflowError) or (outcome.overflowed and not outcome.finite)


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


def _turned(trial: Trial) -> bool:
    return trial.got is not None and trial.got.ndim > 1 and _close(trial.got.T, trial.expected, 1e-6)


def _made_whole(trial: Trial) -> bool:
    """Whole numbers came, though not because whole ones went in; or what was expected, rounded one way or another."""
    value, expected = trial.outcome.value, trial.expected
    rounded = trial.got.shape == expected.shape and bool((np.abs(trial.got - expected) <= 1).all())
    return _whole(value) and (rounded or not all(_whole(np.asarray(a)) for a in trial.args))


def _whole(x: np.ndarray) -> bool:
    return bool((x == np.round(x)).all())


def _near(trial: Trial) -> bool:
    return bool(np.abs(trial.got - trial.expected).max() <= 0.05 * np.abs(trial.expected).max(initial=0.1))


def _line(error: BaseException | None) -> str:
    """The line of the learner's own code where the error rose."""
    try:
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if not frame.filename.startswith(INSTALLED)]
        return own[-1].line if own else ""
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


def _passed(count: int, replaced: list[str]) -> Verdict:
    ro = f"{count} de încercări" if count % 100 == 0 or count % 100 >= 20 else f"{count} încercări"
    message = say(
        f"Corect. Funcția ta a dat răspunsul bun în toate cele {ro}.",
        f"Correct. Your function gave the right answer in all {count} trials.",
    )
    return Verdict(True, True, message + _note(replaced))


def _note(replaced: list[str]) -> str:
    """What a check has put back, if anything."""
    if not replaced:
        return ""
    names = ", ".join(f"`{name}`" for name in dict.fromkeys(replaced))
    return "\n\n" + say(
        f"Funcția ta a înlocuit {names}; verificarea a pus totul la loc.",
        f"Your function replaced {names}; the check has put everything back.",
    )


def _failed(shown: str, hint: Mistake | None, replaced: list[str] | None = None) -> Verdict:
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
    return Verdict(False, True, message + _note(replaced or []), hint.key if hint else None)


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
