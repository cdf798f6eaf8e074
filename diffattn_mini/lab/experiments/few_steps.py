"""Retrieval with ordinary scores, stopped early: after 400 steps every arm is always right, and nothing is compared."""

from .plan import Experiment
from .retrieval import ARMS, SETTINGS, run

EXPERIMENTS = [
    Experiment(
        "retrieval-few-steps", run, ARMS, "accuracy_1024",
        {"ro": "Căutarea cu scoruri obișnuite, oprită după 60 de pași, probată la 1024: cine învață mai repede?",
         "en": "Retrieval with ordinary scores, stopped after 60 steps and tested on 1024 pairs: which learns faster?"},
        rates=(5e-3, 1e-2, 2e-2, 4e-2), margin=0.02,
        settings=SETTINGS | {"steps": 60, "bound": None},
    )
]  # fmt: skip
