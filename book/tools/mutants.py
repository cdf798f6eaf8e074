"""Do the checks catch what is wrong? Every solution broken in every small way, every known answer pressed many times.

    python book/tools/mutants.py                  all exercises, a thousand presses of each answer
    python book/tools/mutants.py 04 11.lambda     chapter 4, and one exercise
    python book/tools/mutants.py --presses 20 --sample 30 --jobs 2
    python book/tools/mutants.py --survivors      each mutant that no check catches, beside its own line

A mutant is a solution from a manuscript with one thing changed: an operator, a constant, an axis, an argument, a
statement. A check kills it, or it is equivalent (it agrees with the reference on many inputs beyond the check's own),
or it survives. Each press draws other inputs than the check itself does: no draw may decide a verdict.
"""
import argparse
import ast
import copy
import importlib
import pkgutil
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path

import numpy as np
from manuscript import in_language, read, split_solution

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from diffattn_mini.check import EXERCISES, check, exercises  # noqa: E402
from diffattn_mini.check.engine import passes, prepare  # noqa: E402
from diffattn_mini.check.kernel import kept  # noqa: E402

ENOUGH = 0.99  # of the mutants that are not equivalent
PRESSES = 1000
WIDE = 500  # cases beyond the check's own, on which an equivalent mutant agrees
PATIENCE = 2.0  # seconds of processor time after which a mutant counts as caught: a learner would interrupt it


@dataclass
class Report:
    id: str
    mutants: int = 0
    killed: int = 0
    endless: int = 0  # of those killed
    equivalent: int = 0
    survivors: list[str] = field(default_factory=list)
    presses: int = 0
    flips: list[str] = field(default_factory=list)  # wrong answers that pass, right ones refused, at some press
    seconds: float = 0.0

    @property
    def share(self) -> float:
        different = self.mutants - self.equivalent
        return self.killed / different if different else 1.0


# Solutions


def solution(id: str) -> tuple[str, ast.Module, dict]:
    """The name of the solution, its cell, and the names that the notebook has defined by then."""
    path = next((ROOT / "book/chapters").glob(f"{id.split('.')[0]}-*.md"))
    blocks = [block for block in read(path.read_text(encoding="utf-8-sig")) if block.kind == "code"]
    at = next(i for i, block in enumerate(blocks) if f'check("{id}"' in block.source)
    name = re.search(rf'check\("{re.escape(id)}", (\w+)\)', blocks[at].source)[1]
    cell = next(block for block in blocks[at::-1] if "exercise" in block.tags and f"def {name}(" in block.source)
    before = [split_solution(b.source)[1] if "exercise" in b.tags else b.source for b in blocks[: blocks.index(cell)]]
    tree = ast.parse(in_language(split_solution(cell.source)[1], "en"))
    statements = [s for source in before for s in ast.parse(re.sub(r"(?m)^[%!].*", "", in_language(source, "en"))).body]
    space: dict = {}
    exec(compile(ast.Module(_needed(tree, statements), []), str(path), "exec"), space)
    return name, tree, space


def _needed(tree: ast.AST, statements: list[ast.stmt]) -> list[ast.stmt]:
    """The statements of earlier cells that the solution leans on, and those that they lean on."""
    found, names = [], _used(tree)
    for statement in reversed(statements):
        if names & _defined(statement):
            found.insert(0, statement)
            names |= _used(statement)
    return found


def _used(tree: ast.AST) -> set[str]:
    """The names that come from outside."""
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    own = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    return {n.id for n in names} - own - {n.id for n in names if isinstance(n.ctx, ast.Store)}


def _defined(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name.split(".")[0] for alias in statement.names}
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return {statement.name}
    return {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


# Mutants

OTHERS = {
    ast.Add: (ast.Sub, ast.Mult), ast.Sub: (ast.Add, ast.Mult), ast.Mult: (ast.Div, ast.Add),
    ast.Div: (ast.Mult, ast.FloorDiv), ast.FloorDiv: (ast.Div, ast.Mult), ast.Mod: (ast.FloorDiv,),
    ast.Pow: (ast.Mult, ast.Div), ast.MatMult: (ast.Mult,), ast.BitAnd: (ast.BitOr,), ast.BitOr: (ast.BitAnd,),
    ast.Lt: (ast.LtE, ast.Gt), ast.LtE: (ast.Lt, ast.GtE), ast.Gt: (ast.GtE, ast.Lt), ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,), ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,), ast.And: (ast.Or,), ast.Or: (ast.And,),
}  # fmt: skip
COUSINS = [("sum", "mean"), ("max", "min"), ("argmax", "argmin"), ("maximum", "minimum"), ("triu", "tril"),
           ("sin", "cos"), ("exp", "exp2"), ("log", "log2"), ("zeros", "ones"), ("tanh", "sigmoid"), ("floor", "ceil"),
           ("cumsum", "cumprod"), ("hstack", "vstack"), ("concatenate", "stack"), ("sqrt", "square"), ("any", "all"),
           ("triu_indices", "tril_indices"), ("sorted", "list"), ("append", "extend")]  # fmt: skip
COUSIN = {a: b for pair in COUSINS for a, b in (pair, pair[::-1])}


def mutants(tree: ast.Module) -> list[str]:
    """The source of every mutant, each once."""
    names = sorted({node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
                   | {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)})
    found = {}
    for i, node in enumerate(ast.walk(tree)):
        for change in _changes(node, names):
            mutant = copy.deepcopy(tree)
            target = next(n for j, n in enumerate(ast.walk(mutant)) if j == i)
            mutant = _Exchange(target, change(target)).visit(mutant)
            found[ast.unparse(ast.fix_missing_locations(mutant))] = None
    found.pop(ast.unparse(tree), None)
    return list(found)


class _Exchange(ast.NodeTransformer):
    """One node for another; for none, where a statement is dropped."""

    def __init__(self, old: ast.AST, new: ast.AST | None) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST | None:
        if node is self.old:
            return ast.Pass() if self.new is None else self.new
        return self.generic_visit(node)


def _with(**fields) -> Callable:
    """The node itself, with other fields."""

    def change(node):
        for name, value in fields.items():
            setattr(node, name, value)
        return node

    return change


def _changes(node: ast.AST, names: list[str]) -> Iterator[Callable]:
    """Functions from a node to what stands in its place."""
    match node:
        case ast.BinOp(op=op):
            yield from (_with(op=other()) for other in OTHERS.get(type(op), ()))
            yield from (lambda n: n.left, lambda n: n.right, lambda n: ast.BinOp(n.right, n.op, n.left))
        case ast.AugAssign():
            yield from (_with(op=other()) for other in OTHERS.get(type(node.op), ()))
            yield lambda n: ast.Assign([n.target], n.value)
        case ast.UnaryOp():
            yield lambda n: n.operand
        case ast.BoolOp(op, values):
            yield from (_with(op=other()) for other in OTHERS[type(op)])
            yield from (_with(values=values[:i] + values[i + 1 :]) for i in range(len(values)) if len(values) > 2)
            yield from (lambda n, i=i: n.values[i] for i in range(len(values)))
        case ast.Compare(ops=ops):
            yield from (_with(ops=[other(), *ops[1:]]) for other in OTHERS[type(ops[0])])
            yield lambda n: ast.UnaryOp(ast.Not(), n)
        case ast.IfExp():
            yield from (lambda n: n.body, lambda n: n.orelse)
        case ast.Constant(value=bool() as value):
            yield _with(value=not value)
        case ast.Constant(value=int() | float() as value):
            yield from (_with(value=other) for other in (value + 1, value - 1, -value, 0, 2 * value))
        case ast.Name(id=id, ctx=ast.Load()):
            yield from (_with(id=other) for other in names if other != id and id in names)
        case ast.Attribute(attr=attr):
            if attr in COUSIN:
                yield _with(attr=COUSIN[attr])
            yield lambda n: n.value
        case ast.Call(func, args, keywords):
            yield from (_with(args=args[:i] + args[i + 1 :]) for i in range(len(args)))
            yield from (_with(keywords=keywords[:i] + keywords[i + 1 :]) for i in range(len(keywords)))
            yield from (_swapped("args", i) for i in range(len(args) - 1))
            yield from (lambda n, i=i: n.args[i] for i in range(len(args)))
            if isinstance(func, ast.Attribute):
                yield lambda n: n.func.value
            if getattr(func, "id", "") in COUSIN:
                yield _with(func=ast.Name(COUSIN[func.id], ast.Load()))
            if getattr(func, "id", "") in ("range", "len"):
                yield from (lambda n, by=by: _plus(n, by) for by in (1, -1))
                yield from (_with(args=[*args[:-1], _plus(args[-1], by)]) for by in (1, -1))
        case ast.Subscript(ctx=ast.Load()):
            yield lambda n: n.value
        case ast.Slice():
            for part in ("lower", "upper", "step"):
                if getattr(node, part):
                    yield _with(**{part: None})
                    yield from (_shifted(part, by) for by in (1, -1))
                elif part != "step":
                    yield _with(**{part: ast.Constant(1 if part == "lower" else -1)})
        case ast.Tuple(elts=elts) | ast.List(elts=elts):
            yield from (_swapped("elts", i) for i in range(len(elts) - 1))
            if isinstance(node.ctx, ast.Load):
                yield from (_with(elts=elts[:i] + elts[i + 1 :]) for i in range(len(elts)))
        case ast.comprehension(ifs=[_, *_]):
            yield _with(ifs=[])
        case ast.If() | ast.While():
            yield _with(test=ast.UnaryOp(ast.Not(), node.test))
            yield from (_with(test=ast.Constant(value)) for value in (True, False))
        case ast.For():
            yield _with(body=[*node.body, ast.Break()])
        case ast.Break() | ast.Continue():
            yield lambda n: ast.Break() if isinstance(n, ast.Continue) else ast.Continue()
    if isinstance(node, ast.stmt) and not isinstance(node, ast.FunctionDef):
        yield lambda n: None
        if isinstance(node, ast.AugAssign | ast.Expr):
            yield lambda n: ast.If(ast.Constant(True), [n, copy.deepcopy(n)], [])  # done twice
    value = isinstance(node, ast.Name) and node.id in names and isinstance(node.ctx, ast.Load)
    if value or isinstance(node, ast.BinOp | ast.Call):
        yield from (lambda n: ast.UnaryOp(ast.USub(), n), lambda n: _plus(n, 1), lambda n: ast.Attribute(n, "T"))


def _swapped(part: str, i: int) -> Callable:
    def change(node):
        items = getattr(node, part)
        items[i], items[i + 1] = items[i + 1], items[i]
        return node

    return change


def _shifted(part: str, by: int) -> Callable:
    def change(node):
        setattr(node, part, _plus(getattr(node, part), by))
        return node

    return change


def _plus(node: ast.expr, by: int) -> ast.expr:
    return ast.BinOp(node, ast.Add(), ast.Constant(by))


# Trying them


class TimeUp(KeyboardInterrupt):
    """What only the engine lets through, as it does the keyboard's own."""


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Cut a block off after so much processor time: a busy machine is no reason."""

    def ring(*_):
        raise TimeUp

    before = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, 0.1)  # again and again: an answer may catch the first
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def settled(exercise, answer: Callable, cases: list[tuple], seconds: float) -> bool | None:
    """Does it pass? None: not in that time."""
    try:
        with patience(seconds):
            return passes(exercise, answer, cases)
    except TimeUp:
        return None


def try_mutants(report: Report, sample: int | None = None) -> None:
    exercise = EXERCISES[report.id]
    name, tree, space = solution(report.id)
    cases = prepare(exercise)
    sources = mutants(tree)
    if sample is not None and sample < len(sources):
        sources = [sources[i] for i in np.linspace(0, len(sources) - 1, sample).astype(int)]
    original = _compiled(ast.unparse(tree), name, space)
    assert passes(exercise, original, cases), f"{report.id}: the solution is refused"
    wide = None
    for source in sources:
        report.mutants += 1
        try:
            mutant = _compiled(source, name, space)
            passed = settled(exercise, mutant, cases, PATIENCE)
            report.endless += passed is None
        except Exception:  # it does not even define the function
            passed = False
        if not passed:
            report.killed += 1
            continue
        wide = wide or list(islice(_wide(exercise, original), WIDE))
        if settled(exercise, mutant, wide, 30 * PATIENCE):
            report.equivalent += 1
        else:
            report.survivors.append(_changed(ast.unparse(tree), source))


def _compiled(source: str, name: str, space: dict) -> Callable:
    names = dict(space)
    exec(compile(source, "<mutant>", "exec"), names)
    return names[name]


def _wide(exercise, original: Callable) -> Iterator[tuple]:
    """Cases beyond the check's own: other draws, and each stretched, as far as solution and reference agree on them."""
    for seed in count():
        rng = np.random.default_rng(seed)
        for args, expected in prepare(exercise, 10**6 + seed):
            yield args, expected
            stretched = tuple(_stretch(a, rng) for a in args)
            with suppress(Exception), np.errstate(all="ignore"):  # stretched out of what the exercise allows
                case = stretched, np.asarray(exercise.reference(*stretched), dtype=float)
                if np.isfinite(case[1]).all() and passes(exercise, original, [case]):
                    yield case


def _stretch(a, rng: np.random.Generator):
    return a * rng.choice([0.5, 1.0, 2.0]) if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a


def _changed(before: str, after: str) -> str:
    lines = [(a, b) for a, b in zip(before.split("\n"), after.split("\n"), strict=False) if a != b]
    return f"{lines[0][0].strip()}   ->   {lines[0][1].strip()}" if lines else after


def press(report: Report, presses: int) -> None:
    """Every known answer with many draws: the right ones pass with all of them, the wrong ones with none."""
    right, wrong = known_answers()
    exercise = EXERCISES[report.id]
    draws = [prepare(exercise, seed) for seed in range(presses)]
    for good, answers in ((True, right[report.id]), (False, [answer for _, answer in wrong[report.id]])):
        for answer in answers:
            passed = sum(settled(exercise, answer, cases, 10 * PATIENCE) or 0 for cases in draws)
            report.presses += len(draws)
            if passed != (len(draws) if good else 0) or check(report.id, answer).passed is not good:
                kind = "right" if good else "wrong"
                report.flips.append(f"{kind}: {answer.__name__} passes {passed} of {len(draws)}")


def known_answers() -> tuple[dict, dict]:
    import answers

    for module in pkgutil.iter_modules(answers.__path__):
        importlib.import_module(f"answers.{module.name}")
    return answers.RIGHT, answers.WRONG


def examine(id: str, presses: int = PRESSES, sample: int | None = None) -> Report:
    start, report = time.perf_counter(), Report(id)
    with kept():
        try_mutants(report, sample)
        press(report, presses)
    report.seconds = time.perf_counter() - start
    return report


# The command


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("ids", nargs="*", help="exercises or chapters, such as 04 or 11.lambda; all by default")
    parser.add_argument("--presses", type=int, default=PRESSES, help="of each known answer")
    parser.add_argument("--sample", type=int, help="so many mutants of each solution, not all; 0: presses alone")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--survivors", action="store_true", help="print them")
    options = parser.parse_args(arguments)
    chosen = [id for id in exercises() if not options.ids or any(id.startswith(start) for start in options.ids)]
    if not chosen:
        parser.error(f"no exercise begins with {' or '.join(options.ids)}")
    print(f"{'exercise':<26}{'mutants':>8}{'killed':>8}{'(endless)':>10}{'equivalent':>11}{'share':>8}{'presses':>9}"
          f"{'flips':>6}{'s':>7}")  # fmt: skip
    total = Report("all")
    with ProcessPoolExecutor(options.jobs) as pool:
        for report in pool.map(examine, chosen, *([x] * len(chosen) for x in (options.presses, options.sample))):
            _print(report, options.survivors)
            for name in ("mutants", "killed", "endless", "equivalent", "survivors", "presses", "flips", "seconds"):
                setattr(total, name, getattr(total, name) + getattr(report, name))
    _print(total)
    return int(bool(total.flips) or total.share < ENOUGH)


def _print(report: Report, survivors: bool = False) -> None:
    print(f"{report.id:<26}{report.mutants:>8}{report.killed:>8}{report.endless:>10}{report.equivalent:>11}"
          f"{report.share:>8.1%}{report.presses:>9}{len(report.flips):>6}{report.seconds:>7.0f}")  # fmt: skip
    if report.id != "all":
        for line in report.flips + (report.survivors if survivors else []):
            print(f"    {line}")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
