"""A kernel that stays as it was: what an answer prints, draws, asks for or changes ends with the call.

A check calls an answer dozens of times. Its prints, figures and progress bars would bury the verdict; a question to
the keyboard would look like a frozen kernel; and a setting changed, or a library patched, would outlive the check.
"""

import builtins
import contextlib
import decimal
import functools
import getpass
import logging
import os
import random
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from operator import is_
from typing import Any

import numpy as np

from ..language import say

ESSENTIAL = "builtins", "numpy", "numpy.linalg", "math"  # what a check itself uses between two calls
LIBRARIES = (*ESSENTIAL, "cmath", "random", "numpy.random", "torch", "torch.linalg", "torch.nn", "torch.nn.functional",
             "torch.special", "scipy.special")  # fmt: skip
SETTINGS = "sys", "getpass", "logging", "time", "os", "matplotlib.pyplot"
SIGNALS = "SIGINT", "SIGTERM", "SIGALRM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGCHLD", "SIGPROF", "SIGVTALRM", "SIGBREAK"

SEED = 0  # of the usual generators, at every call: an answer that draws gets the same verdict at every press
_inside = False  # a call inside another: the outer one keeps


class NoInput(EOFError):
    """An answer asked for something at the keyboard."""


def refuse(*args: Any, **options: Any) -> None:
    raise NoInput(say("verificarea nu răspunde la întrebări", "a check answers no questions"))


@dataclass
class Kept:
    """What the modules held before the block, and the functions of libraries that it has replaced since."""

    before: list[tuple[Any, dict]] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)

    def put_back(self, first: int | None = None) -> None:
        """Give every replaced name its old value: everywhere, or in the first few places."""
        for place, names in self.before[:first]:
            now = vars(place)
            if len(now) == len(names) and all(map(is_, now.values(), names.values())):
                continue
            added = set(now) - set(names) if isinstance(place, type) else ()  # put over one that was inherited
            for name in [*added, *(name for name in names if name not in now or now[name] is not names[name])]:
                value = now.get(name)
                delattr(place, name) if name in added else setattr(place, name, names[name])
                self._note(place, name, value)

    def _note(self, place: Any, name: str, value: Any) -> None:
        """A function replaced by another's; some libraries replace their own when a setting changes."""
        by_itself = str(getattr(value, "__module__", "")).split(".")[0] == place.__name__.split(".")[0]
        if callable(getattr(place, name, None)) and place.__name__ not in SETTINGS and not by_itself:
            self.replaced.append(f"{place.__name__}.{name}")


@contextlib.contextmanager
def kept() -> Iterator[Kept]:
    """Run a block in silence, with nobody at the keyboard, and put back what it changed."""
    global _inside
    if _inside:
        yield Kept()
        return
    _inside = True
    try:
        with ExitStack() as undo:
            for keep in (_numbers, _process, _torch, _figures, _display, _logging, _streams):
                keep(undo)
            state = Kept(_names())
            undo.callback(state.put_back)
            yield state
    finally:
        _inside = False


def _keep(undo: ExitStack, get: Callable[[], Any], put: Callable[[Any], Any]) -> None:
    """Put a setting back if it has changed, and only then: some cannot be set everywhere."""
    with contextlib.suppress(OSError):  # the current folder may be gone
        before = get()
        undo.callback(lambda: get() == before or put(before))


def _shadow(undo: ExitStack, thing: Any, name: str, value: Any) -> None:
    """Put another method over that of one object."""
    names = getattr(thing, "__dict__", None)
    if names is not None:
        undo.callback(names.update, {name: names[name]}) if name in names else undo.callback(names.pop, name, None)
        names[name] = value


# Names


def _names() -> list[tuple[Any, dict]]:
    """The names in modules, and in the classes of torch, where somebody could put a function of their own."""
    package = __name__.split(".")[0]
    own = [name for name in list(sys.modules) if name.split(".")[0] == package and name != __name__]
    places = [sys.modules[name] for name in (*LIBRARIES, *SETTINGS, *own) if name in sys.modules]
    torch = sys.modules.get("torch")
    places += [torch.Tensor, torch.nn.Module] if torch is not None else []
    return [(place, dict(vars(place))) for place in places]


# What is kept


def _numbers(undo: ExitStack) -> None:
    """Generators, and how numpy and decimal count and print."""
    undo.enter_context(np.errstate())
    undo.enter_context(np.printoptions())
    undo.enter_context(decimal.localcontext())
    undo.callback(random.setstate, random.getstate())
    undo.callback(np.random.set_state, np.random.get_state())
    random.seed(SEED)
    np.random.seed(SEED)


def _process(undo: ExitStack) -> None:
    _keep(undo, sys.getrecursionlimit, sys.setrecursionlimit)
    _keep(undo, sys.gettrace, sys.settrace)
    _keep(undo, sys.getprofile, sys.setprofile)
    _keep(undo, os.getcwd, os.chdir)
    _keep(undo, lambda: list(sys.path), lambda path: sys.path.__setitem__(slice(None), path))
    _keep(undo, lambda: dict(os.environ), lambda all: (os.environ.clear(), os.environ.update(all)))
    for number in (getattr(signal, name) for name in SIGNALS if hasattr(signal, name)):
        _keep(undo, lambda n=number: signal.getsignal(n), lambda handler, n=number: signal.signal(n, handler))
    if hasattr(signal, "setitimer") and not any(signal.getitimer(signal.ITIMER_REAL)):
        undo.callback(signal.setitimer, signal.ITIMER_REAL, 0)  # an alarm left behind would ring for others


def _torch(undo: ExitStack) -> None:
    torch = sys.modules.get("torch")
    if torch is None:
        return
    undo.callback(torch.set_rng_state, torch.get_rng_state())
    torch.default_generator.manual_seed(SEED)
    if torch.cuda.is_initialized():
        undo.callback(torch.cuda.set_rng_state_all, torch.cuda.get_rng_state_all())
    _keep(undo, torch.get_default_dtype, torch.set_default_dtype)
    _keep(undo, torch.is_grad_enabled, torch.set_grad_enabled)
    _keep(undo, torch.get_num_threads, torch.set_num_threads)
    _keep(undo, torch.get_float32_matmul_precision, torch.set_float32_matmul_precision)
    _keep(undo, torch.are_deterministic_algorithms_enabled, torch.use_deterministic_algorithms)
    _keep(undo, torch.is_anomaly_enabled, torch.autograd.set_detect_anomaly)
    _keep(undo, torch.get_default_device, lambda d: torch.set_default_device(None if d.type == "cpu" else d))
    printing = vars(torch._tensor_str.PRINT_OPTS)
    undo.callback(printing.update, dict(printing))


def _figures(undo: ExitStack) -> None:
    """Figures opened by the block are closed; those of the learner stay open, and the block does not see them."""
    before = sys.modules.get("matplotlib._pylab_helpers")
    if before is not None:
        matplotlib = sys.modules["matplotlib"]
        undo.callback(dict.update, matplotlib.rcParams, dict(dict.items(matplotlib.rcParams)))
        undo.callback(before.Gcf.figs.update, dict(before.Gcf.figs))
        undo.callback(_waiting().update, dict(_waiting()))
        before.Gcf.figs.clear()
        matplotlib.rcParams["interactive"] = True  # so that plt.show() does not wait for a window to be closed

    @undo.callback
    def close() -> None:
        now = sys.modules.get("matplotlib._pylab_helpers")  # the block may have been the first to draw
        if now is not None:
            now.Gcf.destroy_all()
            _waiting().update(_to_draw=[], _draw_called=False)


def _waiting() -> dict:
    """The figures that a notebook shows at the end of the cell."""
    return vars(getattr(sys.modules.get("matplotlib_inline.backend_inline"), "show", lambda: None))


def _display(undo: ExitStack) -> None:
    """In a notebook: nothing is shown, no widget stays behind, and exit() ends the call, not the kernel."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None:
        return
    from IPython.core.displaypub import CapturingDisplayPublisher

    undo.callback(setattr, shell, "display_pub", shell.display_pub)
    shell.display_pub = CapturingDisplayPublisher()
    _shadow(undo, shell, "ask_exit", sys.exit)
    comms = getattr(sys.modules["comm"].get_comm_manager(), "comms", {}) if "comm" in sys.modules else {}
    before = set(comms)
    undo.callback(lambda: [comms[key].close() for key in set(comms) - before])


def _logging(undo: ExitStack) -> None:
    before = {logger: (logger.handlers[:], logger.level, logger.propagate) for logger in _loggers()}
    _keep(undo, lambda: logging.root.manager.disable, logging.disable)

    @undo.callback
    def reset() -> None:
        for logger in _loggers():
            handlers, level, propagate = before.get(logger, ([], logging.NOTSET, True))
            logger.handlers[:], logger.propagate = handlers, propagate
            if logger.level != level:
                logger.setLevel(level)


def _loggers() -> list[logging.Logger]:
    named = logging.root.manager.loggerDict.values()
    return [logging.root, *(logger for logger in named if isinstance(logger, logging.Logger))]


def _streams(undo: ExitStack) -> None:
    open_null = functools.partial(open, os.devnull, encoding="utf-8")
    silence, nothing = undo.enter_context(open_null("w")), undo.enter_context(open_null("r"))
    for stream in (sys.stdout, sys.stderr):  # whoever took hold of it earlier, as a handler of logs does, is silent too
        _shadow(undo, stream, "write", silence.write)
    for stream, number in ((sys.__stdout__, 1), (sys.__stderr__, 2)):  # other programs, and libraries in C
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
            before = os.dup(number)
            undo.callback(os.close, before)
            undo.callback(os.dup2, before, number)
            undo.callback(stream.flush)
            os.dup2(silence.fileno(), number)
    for place, name, value in (
        (sys, "stdout", silence),
        (sys, "stderr", silence),
        (sys, "stdin", nothing),
        (sys, "breakpointhook", refuse),
        (builtins, "input", refuse),
        (getpass, "getpass", refuse),
    ):
        undo.callback(setattr, place, name, getattr(place, name))
        setattr(place, name, value)
