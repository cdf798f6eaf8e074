"""Tasks: data made on the spot, the same for the same seed. Each says what it is in describe()."""

from .recall import DelayedRecall
from .retrieval import Retrieval

__all__ = ["DelayedRecall", "Retrieval"]
