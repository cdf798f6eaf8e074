"""One plain training loop: seeded, taken up again after a kill, the same on one process and on several."""

import hashlib
import json
import math
import os
import tempfile
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import is_dataclass
from inspect import isbuiltin, isfunction
from numbers import Number
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from filelock import FileLock
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn
from tqdm.auto import tqdm

from .fingerprint import Reader
from .tasks.common import require_numbers, require_sizes

History = list[dict[str, float]]
_PLAIN = str | Number | torch.dtype | type(None)
_EVERY_MODULE = vars(nn.Module()).keys()  # attributes that say nothing of a model


def schedule(step: int, steps: int, warmup: float = 0.1) -> float:
    """The factor of the learning rate: up in a line over the first tenth, then down a cosine to a tenth.

    warmup: the share of the steps that go up, in [0, 1); 0 starts at the full rate.

    >>> [round(schedule(step, 100), 2) for step in (0, 9, 10, 55, 99)]
    [0.1, 1.0, 1.0, 0.55, 0.1]
    """
    rising = round(warmup * steps)
    if step < rising:
        return (step + 1) / rising
    return 0.1 + 0.45 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))


def train(
    model: nn.Module,
    batches: Callable[[int], Any],
    loss: Callable[[nn.Module, Any], Tensor],
    steps: int,
    rate: float = 3e-3,
    weight_decay: float = 0.01,
    clip: float = 1.0,
    warmup: float = 0.1,
    checkpoint: str | Path | None = None,
    every: int = 100,
    evaluate: Callable[[nn.Module], dict[str, float]] | None = None,
    progress: bool = True,
    settings: dict[str, Any] | None = None,
) -> History:
    """Train a model in place, with AdamW, a warm-up, a cosine and clipped gradients.

    batches(step) gives the batch of a step: a function of the step alone, so that a run that is taken up again sees
    what it would have seen. loss(model, batch) is a mean over the batch, a tensor of shape (). warmup: see schedule.
    checkpoint: a folder; every so many steps the state is put there, that of torch's random numbers included, and a run
    that finds one goes on from it, to the same numbers. settings: what else makes the run what it is; it is kept with
    the checkpoint, as steps, rate and the model's plan are. evaluate(model) is asked at the same steps and at the end.
    Under `torchrun` each process trains on its own part of every batch (see share), and gradients are averaged.
    Returns one dict a step: "step", "loss", and what evaluate said.

    Raises FloatingPointError, with the step, when the loss, the gradient or the weights are no longer finite; weights
    that are kept always are. Raises TypeError or ValueError for numbers that cannot be, ValueError where the checkpoint
    is that of another run or model, or damaged, and OSError where nothing can be written there, before the first step;
    a write that fails later is a warning.

    >>> line = nn.Linear(1, 1)
    >>> history = train(line, lambda step: torch.ones(4, 1), lambda m, x: (m(x) - 2).square().mean(), 200, rate=0.1,
    ...                 progress=False)
    >>> history[-1]["loss"] < 1e-3
    True
    """
    require_sizes(least=0, steps=steps)
    require_sizes(every=every)
    require_numbers(0, rate=rate, weight_decay=weight_decay)
    require_numbers(0, 1, warmup=warmup)
    if not clip > 0:
        raise ValueError(f"clip={clip}; a positive number is expected, math.inf for gradients as they are")
    rate, weight_decay = float(rate), float(weight_decay)
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, betas=(0.9, 0.98), weight_decay=weight_decay)
    history: History = []
    if checkpoint is not None:
        run = {"steps": steps, "rate": rate, "weight_decay": weight_decay, "clip": clip, "warmup": warmup}
        run = json.loads(_json(run | (settings or {}) | plan(model)))
        path = Path(checkpoint) / "checkpoint.safetensors"
        history = _load(path, model, optimiser, run)
        if _rank() == 0:
            _require_writable(path.parent)
    hidden = not progress or os.environ.get("DIFFATTN_MINI_PUBLISH") == "1"  # a page has no use for a bar
    bar = tqdm(range(len(history), steps), initial=len(history), total=steps, disable=hidden, leave=False)
    for step in bar:
        for group in optimiser.param_groups:
            group["lr"] = rate * schedule(step, steps, warmup)
        batch = batches(step)
        try:
            value = loss(model, batch)
        except ValueError as error:  # layers refuse what is not finite before there is a loss
            if "NaN" not in str(error):
                raise
            raise FloatingPointError(f"no loss at step {step}: {error}; try a lower rate than {rate}") from error
        optimiser.zero_grad(set_to_none=True)
        value.backward()
        _average([value.detach(), *(p.grad for p in model.parameters() if p.grad is not None)])
        _require_finite("loss", value, step, rate)  # the mean, so that all processes stop at the same step
        norm = nn.utils.clip_grad_norm_(model.parameters(), clip)
        _require_finite("gradient's norm", norm, step, rate)  # a finite loss does not promise it: sqrt at 0
        optimiser.step()
        history.append({"step": step, "loss": value.item()})
        if (step + 1) % every == 0 or step + 1 == steps:
            for name, p in model.named_parameters():
                _require_finite(f"weight {name}", p, step, rate)
            if evaluate is not None:
                history[-1] |= evaluate(model)
            if checkpoint is not None and _rank() == 0:
                try:
                    _save(path, model, optimiser, history, run)
                except OSError as error:
                    warnings.warn(f"step {step} is not kept in {path}: {error}; training goes on", stacklevel=2)
            bar.set_postfix(loss=f"{value.item():.3f}")
    return history


def plan(model: nn.Module) -> dict[str, str]:
    """What a model is beside its numbers: the class and plain attributes of each part, each tensor's shape and dtype.

    >>> plan(nn.Linear(2, 3, bias=False))
    {'model': 'Linear', 'model.in_features': '2', 'model.out_features': '3', 'model.weight': 'float32 (3, 2)'}
    """
    found = {}
    for place, part in model.named_modules(prefix="model"):
        found[place] = type(part).__qualname__
        for name, value in vars(part).items():
            if name not in _EVERY_MODULE:
                found |= _told(f"{place}.{name}", value)
    for name, x in model.state_dict(prefix="model.").items():
        if isinstance(x, Tensor):
            found[name] = f"{str(x.dtype).removeprefix('torch.')} {tuple(x.shape)}"
    return found


def _told(name: str, value: Any) -> dict[str, str]:
    """A plain value by its name, a dataclass field by field; nothing for what has no exact and lasting text."""

    def plain(value: Any) -> bool:
        return all(map(plain, value)) if isinstance(value, tuple | list) else isinstance(value, _PLAIN)

    if is_dataclass(value):
        return {key: text for field, x in vars(value).items() for key, text in _told(f"{name}.{field}", x).items()}
    if isfunction(value) or isbuiltin(value):
        return {name: value.__qualname__}
    return {name: repr(value)} if plain(value) else {}


def share(batch: Tensor) -> Tensor:
    """This process's part of a batch, along the first axis; all of it where there is one process.

    Raises ValueError where the batch does not divide among the processes.
    """
    if not _distributed():
        return batch
    n, rank = dist.get_world_size(), dist.get_rank()
    if len(batch) % n:
        raise ValueError(f"a batch of {len(batch)} does not divide among {n} processes")
    return batch.chunk(n)[rank]


def cached(
    make: Callable[..., nn.Module],
    fit: Callable[[nn.Module], History],
    folder: str | Path | None = None,
    **arguments: Any,
) -> tuple[nn.Module, History]:
    """The model that make(**arguments) builds and fit(model) trains, with its history; trained once, then read.

    make, fit: functions; fit returns what train returns. folder: by default `_build/models` of the book that the
    working folder belongs to, or of the working folder itself.
    Whatever decides the result trains anew when it changes: the arguments, to the last number of an array; what make
    and fit do, with every function, class and variable that they reach outside of this package, defaults included; the
    sources of the package's attention, models, tasks and training. Comments and docstrings decide nothing. What cannot
    be seen: random numbers that make does not seed, and a variable that make or fit itself changes.
    A second process that asks for the same model waits for the first. A file that is damaged is made again; where
    nothing can be kept a warning says so, and the model is trained all the same.
    Raises TypeError for an argument or a variable that cannot be told exactly, as an open file.
    """
    before = Reader()
    asked = before.hash([make, fit, sorted(arguments.items())])
    model = make(**arguments)
    built = [plan(model), [type(part) for part in model.modules()],
             [x for part in model.modules() for x in vars(part).values() if isfunction(x)]]  # fmt: skip
    key = before.hash(asked + before.hash(built) + _sources())[:20]
    place = Path(folder or _book() / "_build/models")
    found = _find(place, key, before.outside, model)
    if found is None:
        with _alone(place, key) or nullcontext() as lock:
            found = _find(place, key, before.outside, model)  # another process may have trained it meanwhile
            if found is None:
                model = make(**arguments)
                history = fit(model)
                if lock is not None:
                    _keep(place, key, before.outside, [make, fit], model, history)
                return model, history
    return model, found["history"]


def _find(folder: Path, key: str, read: dict[str, list[str]], model: nn.Module) -> dict[str, Any] | None:
    """What is told of the model that was trained with these variables, its weights put into this one."""
    for path in sorted(folder.glob(f"{key}-*.safetensors")):
        try:
            with safe_open(path, framework="pt") as file:
                about = {name: json.loads(text) for name, text in file.metadata().items()}
            if all(read.get(name) == x for name, x in about["read"].items()):
                model.load_state_dict(_full(model, load_file(path)))
                return about
        except Exception:  # not whole
            continue
    return None


def _alone(folder: Path, key: str) -> AbstractContextManager | None:
    """One process at a time: the lock of one that is killed is freed by the system. None where nothing can be kept."""
    try:
        _require_writable(folder)
        return FileLock(folder / f"{key}.lock").acquire()
    except (OSError, NotImplementedError) as error:
        warnings.warn(f"the model is trained, but not kept: {error}", stacklevel=3)
        return None


def _keep(
    folder: Path, key: str, before: dict[str, list[str]], code: list[Callable], model: nn.Module, history: History
) -> None:
    """Write the model, with the variables that the code read: those that are after the training what they were."""
    try:
        after = Reader()
        after.hash(code)
        read = json.dumps({name: x for name, x in before.items() if after.outside.get(name, x) == x})
        path = folder / f"{key}-{hashlib.sha256(read.encode()).hexdigest()[:8]}.safetensors"
        _write(path, save(_own(model.state_dict()), {"history": _json(history), "read": read}))
    except Exception as error:  # whatever it is, the trained model is worth more
        warnings.warn(f"the model is trained, but not kept in {folder}: {error}", stacklevel=3)


# Keeping


def _save(
    path: Path, model: nn.Module, optimiser: torch.optim.Optimizer, history: History, run: dict[str, Any]
) -> None:
    """One file holds it all, so that it can never be half of one state and half of another."""
    tensors = {f"model.{name}": x for name, x in _own(model.state_dict()).items()} | {"random": torch.get_rng_state()}
    for name, p in model.named_parameters():
        tensors |= {f"optimiser.{part}.{name}": x for part, x in optimiser.state.get(p, {}).items()}
    about = {"history": _json(history), "run": _json(run)}
    _write(path, save(tensors, about))


def _load(path: Path, model: nn.Module, optimiser: torch.optim.Optimizer, run: dict[str, Any]) -> History:
    if not path.exists():
        return []
    try:
        with safe_open(path, framework="pt") as file:
            history, kept = (json.loads(file.metadata()[name]) for name in ("history", "run"))
            # a copy of each: what is read stays tied to the file, which is soon replaced
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118  (no mapping)
    except (SafetensorError, TypeError, KeyError) as error:
        raise ValueError(f"{path} is not a whole checkpoint ({error}): remove it") from error
    others = [name for name in run | kept if run.get(name) != kept.get(name)]
    if others:
        name, *more = others
        also = f" (also differ: {', '.join(more[:5])}{' ...' if more[5:] else ''})" if more else ""
        raise ValueError(f"{name}={run.get(name)}, and the run kept in {path.parent} has {kept.get(name)}: "
                         f"name another folder, or remove this one{also}")  # fmt: skip
    weights = {name.removeprefix("model."): x for name, x in tensors.items() if name.startswith("model.")}
    model.load_state_dict(_full(model, weights))
    indices = {name: i for i, (name, _) in enumerate(model.named_parameters())}
    state: dict[int, dict[str, Tensor]] = {}
    for name, x in tensors.items():
        if name.startswith("optimiser."):
            _, part, owner = name.split(".", 2)
            state.setdefault(indices[owner], {})[part] = x
    optimiser.load_state_dict(optimiser.state_dict() | {"state": state})
    torch.set_rng_state(tensors["random"])
    return history


def _require_finite(what: str, value: Tensor, step: int, rate: float) -> None:
    if not value.isfinite().all():
        said = "not finite" if value.ndim else value.item()
        raise FloatingPointError(f"the {what} is {said} at step {step}; try a lower rate than {rate}")


def _json(x: Any) -> str:
    """JSON, numbers and arrays of numpy and torch included."""

    def plain(value: Any) -> Any:
        if not hasattr(value, "tolist"):
            raise TypeError(f"{value!r} of type {type(value).__name__} cannot be kept; numbers, texts and lists can")
        return value.tolist()

    return json.dumps(x, default=plain)


def _own(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Each tensor once, with memory of its own: tied weights share theirs, which safetensors refuses to write."""
    kept = {_memory(x): name for name, x in reversed(state.items())}  # of many names the first
    return {name: state[name].clone(memory_format=torch.contiguous_format) for name in kept.values()}


def _full(model: nn.Module, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The state with tied weights under all their names again. Raises KeyError where a tensor is missing."""
    here = model.state_dict()
    places = {_memory(x): name for name, x in here.items() if name in state}
    return {name: state[name if name in state else places[_memory(x)]] for name, x in here.items()}


def _memory(x: Tensor) -> tuple:
    return x.device, x.data_ptr(), x.shape, x.stride(), x.dtype


def _write(path: Path, content: bytes) -> None:
    """Write beside, then rename: a kill or a full disk leaves the old file, whole. Others may read it as any file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, suffix=".part") as place:
        beside = Path(place) / path.name
        beside.write_bytes(content)
        os.replace(beside, path)


def _require_writable(folder: Path) -> None:
    """Refuse a folder that cannot be written before time is spent on what is to be kept there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise OSError(f"nothing can be kept in {folder} ({error}); name a folder that can be written") from error


def _book() -> Path:
    """The folder of the book around the working folder; the working folder itself where there is none.

    The outermost: a copy of one language, made inside the book to be published, shares the book's models.
    """
    here = Path.cwd()
    return next((place for place in (*reversed(here.parents), here) if (place / "_toc.yml").exists()), here)


def _sources() -> str:
    """A hash of this package, as far as it bears on every model, and of the version of torch."""
    found, package = hashlib.sha256(torch.__version__.encode()), Path(__file__).parents[1]
    for place in ("attention", "models", "lab/tasks", "lab/training.py", "arrays.py", "language.py"):
        for path in sorted((package / place).rglob("*.py")) or [package / place]:
            found.update(path.read_bytes())
    return found.hexdigest()


# Several processes


def _distributed() -> bool:
    return dist.is_available() and dist.is_initialized()


def _rank() -> int:
    return dist.get_rank() if _distributed() else 0


def _average(tensors: list[Tensor]) -> None:
    if _distributed():
        for x in tensors:
            dist.all_reduce(x)
            x /= dist.get_world_size()
