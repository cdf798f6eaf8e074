"""What an experiment is, decided before it runs: the question, what is compared, and by which rule."""

import ast
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

Record = dict[str, Any]
Job = tuple[str, str, float, int]  # part, arm, rate, seed
PACKAGE = Path(__file__).parents[2]
TESTS = ("t", "sign-flip", "count")


@dataclass(frozen=True)
class Experiment:
    """A question, and all that is decided before the run.

    run(arm=, seed=, rate=, part=, **settings) -> a dict of numbers (or lists of them), measured on the data of that
    part, "validation" or "test", which share nothing. arms: the first is the control. compared: the arms that a verdict
    is given for, at most five (by default all but the control); the others are shown without one. metric: the number
    that decides; larger: whether larger is better. question: a sentence in each language.

    rates: learning rates, the same for every arm. Each arm's is chosen by the mean over the seeds `validation`, on
    validation data, and the test data is looked at once, at that rate, over `seeds`. Without validation seeds every
    rate is run on the test data, and the rate is chosen on the seeds that are then reported.

    test: "t", Student's for paired differences; "sign-flip", the permutation test for those that are not near normal;
    "count", Fisher's exact test for outcomes that are all or nothing, a success being a metric of at least `success`.
    margin: a difference smaller than this does not matter, which is what a tie means; None: no tie is ever claimed.
    """

    name: str
    run: Callable[..., Record]
    arms: tuple[str, ...]
    metric: str
    question: dict[str, str]
    rates: tuple[float, ...]
    compared: tuple[str, ...] | None = None
    seeds: tuple[int, ...] = tuple(range(10))
    validation: tuple[int, ...] = (50, 51, 52)
    settings: dict[str, Any] = field(default_factory=dict)
    larger: bool = True
    test: str = "t"
    success: float | None = None
    margin: float | None = None

    def __post_init__(self) -> None:
        if self.compared is None:
            object.__setattr__(self, "compared", self.arms[1:])
        if unknown := set(self.compared) - set(self.arms[1:]):
            raise ValueError(f"{self.name}: {sorted(unknown)} cannot be compared; choose from {self.arms[1:]}")
        if len(self.compared) > 5:
            raise ValueError(f"{self.name}: {len(self.compared)} arms are compared; name five at most")
        if self.test not in TESTS or (self.test == "count") != (self.success is not None):
            raise ValueError(f"{self.name}: test={self.test!r}, success={self.success}; choose test from {TESTS}, "
                             "and give success with \"count\" alone")  # fmt: skip
        if both := set(self.seeds) & set(self.validation):
            raise ValueError(f"{self.name}: the seeds {sorted(both)} serve both parts; validation needs its own")

    def choosing(self) -> list[Job]:
        """The runs that the rates are chosen by."""
        return [("validation", arm, rate, seed) for seed in self.validation for rate in self.rates for arm in self.arms]

    def counting(self, rates: dict[str, float]) -> list[Job]:
        """The runs that count, each arm at its chosen rate."""
        if not self.validation:
            return [("test", arm, rate, seed) for seed in self.seeds for rate in self.rates for arm in self.arms]
        return [("test", arm, rates[arm], seed) for seed in self.seeds for arm in self.arms if arm in rates]

    def size(self) -> int:
        """How many runs it takes in all."""
        return len(self.choosing()) + len(self.counting(dict.fromkeys(self.arms, self.rates[0])))

    def described(self) -> dict[str, Any]:
        """Everything about it but the function, as it is stored."""
        return json.loads(json.dumps({key: value for key, value in asdict(self).items() if key != "run"}))

    def fingerprint(self) -> str:
        """Of all that a record depends on but its job: the settings, and what the code that `run` imports does."""
        found = hashlib.sha256(json.dumps([self.name, self.settings], sort_keys=True).encode())
        module = getattr(self.run, "__module__", "")
        for path in imported(module):
            found.update(path.relative_to(PACKAGE).as_posix().encode() + does(path).encode())
        return found.hexdigest()[:16]


# What code imports, and what it does


def imported(module: str) -> list[Path]:
    """The files of this package that a module of it imports, directly or not, its own among them.

    Of a folder whose __init__ only gathers names, the files that the asked names come from.
    """
    found: set[Path] = set()
    waiting: list[tuple[str, str | None]] = [(module, None)]
    seen = set()
    while waiting:
        name, wanted = waiting.pop()
        path = source_of(name)
        if path is None or (name, wanted) in seen:
            continue
        seen.add((name, wanted))
        if wanted and source_of(f"{name}.{wanted}"):
            waiting.append((f"{name}.{wanted}", None))
            continue
        gathers = path.name == "__init__.py" and wanted
        if not gathers:
            found.add(path)
        for target, names in imports_of(path, name):
            waiting += [(target, part) for part in names if not gathers or part == wanted]
    return sorted(found)


def source_of(module: str) -> Path | None:
    parts = module.split(".")
    if parts[0] != PACKAGE.name:
        return None
    path = PACKAGE.joinpath(*parts[1:])
    return next((place for place in (path.with_suffix(".py"), path / "__init__.py") if place.is_file()), None)


def imports_of(path: Path, module: str) -> Iterator[tuple[str, list[str]]]:
    """(module, names) of every `from ... import ...` in a file, those inside functions included."""
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            yield ".".join([*above, *(node.module or "").split(".")]).strip("."), [alias.name for alias in node.names]


def does(path: Path) -> str:
    """A file's code without its comments, its docstrings and its layout."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node, clean=False):
            node.body = node.body[1:]
    return ast.dump(tree)
