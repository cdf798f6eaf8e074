"""Experiments: each a plain function of an arm, a seed and a rate, run over all of them and stored.

    python -m diffattn_mini.lab.experiments list
"""

import pkgutil
from importlib import import_module

from .plan import Experiment
from .sweep import stored, sweep
from .verdict import summarise

__all__ = ["Experiment", "experiments", "stored", "summarise", "sweep"]


def experiments() -> dict[str, Experiment]:
    """Every experiment of the book by its name, in the order of their names."""
    found = []
    for module in pkgutil.iter_modules(__path__):
        if module.name not in ("plan", "verdict", "sweep", "big", "__main__"):
            found += import_module(f"{__name__}.{module.name}").EXPERIMENTS
    return {experiment.name: experiment for experiment in sorted(found, key=lambda experiment: experiment.name)}
