"""Tasks: data made on the spot, the same for the same seed. Each says what it is in describe()."""

from .agreement import number_pairs
from .chains import Chains
from .digits import Digits
from .documents import Documents
from .recall import DelayedRecall
from .retrieval import Retrieval
from .sentences import Sentences
from .sequences import InContextClasses, Needles, SelectiveCopying
from .signals import Electrocardiogram
from .text import CharacterText, notebook_prose
from .translation import Translation, Vocabulary, detokenise, tokenise

__all__ = [
    "Chains",
    "CharacterText",
    "DelayedRecall",
    "Digits",
    "Documents",
    "Electrocardiogram",
    "InContextClasses",
    "Needles",
    "Retrieval",
    "SelectiveCopying",
    "Sentences",
    "Translation",
    "Vocabulary",
    "detokenise",
    "notebook_prose",
    "number_pairs",
    "tokenise",
]
