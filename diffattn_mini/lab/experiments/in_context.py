"""Learning in the context: classes of points told from the points before them, in any order."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...models.transformer import Block, Config, initialise
from ..measures import lambdas
from ..tasks import InContextClasses
from ..tasks.sequences import Shots
from ..training import train
from .plan import Experiment, Record


class Learner(nn.Module):
    """Points with their classes, one after another, then a point without: (B, n, dim), (B, n - 1) -> (B, n, 2).

    Each place sees the places before it; its own class is hidden from it, so that every place is a question: the
    scores at place i are those of its class after i shots. (A text holds each point twice: without its class, then with
    it.)
    """

    def __init__(self, arm: str, points: int, dim: int, n_heads: int, n_layers: int) -> None:
        super().__init__()
        config = Config(vocabulary=2, dim=dim, n_heads=n_heads, n_layers=n_layers, attention=arm)
        self.point, self.label = nn.Linear(points, dim), nn.Embedding(2, dim)
        self.blocks = nn.ModuleList(Block(config, layer) for layer in range(1, n_layers + 1))
        self.norm, self.head = config.make_norm(), nn.Linear(dim, 2)
        initialise(self)

    def forward(self, points: Tensor, classes: Tensor) -> Tensor:
        asked = self.point(points)  # (B, n, dim)
        told = asked[:, :-1] + self.label(classes)  # (B, n - 1, dim)
        x = torch.cat([torch.stack([asked[:, :-1], told], dim=2).flatten(1, 2), asked[:, -1:]], dim=1)  # (B, 2n - 1, .)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x[:, ::2]))


def loss(model: Learner, shots: Shots) -> Tensor:
    """The mean over all places, the first aside, of which nothing can be known."""
    answers = torch.cat([shots.classes, shots.answer[:, None]], dim=1)[:, 1:]
    return F.cross_entropy(model(shots.points, shots.classes)[:, 1:].flatten(0, 1), answers.flatten())


@torch.no_grad()
def measure(model: Learner, task: InContextClasses, texts: int, orders: int, seed: int) -> Record:
    """Accuracy after so many shots; and, of the last point, how its answer hangs on the order of the shots.

    "order_margin" is the best accuracy less the worst over several orders of the same shots; "order_flips" the share of
    texts whose answer is not the same in all of them.
    """
    shots = task.batch(texts, seed)
    right = model(shots.points, shots.classes)[:, -1].argmax(-1) == shots.answer
    result = {f"accuracy_{task.n_shots}": right.float().mean().item()}
    for n in (4, 8, 16):
        points = torch.cat([shots.points[:, :n], shots.points[:, -1:]], dim=1)
        said = model(points, shots.classes[:, :n])[:, -1].argmax(-1)
        result[f"accuracy_{n}"] = (said == shots.answer).float().mean().item()
    generator = torch.Generator().manual_seed(0)
    answers = []
    for _ in range(orders):
        order = torch.randperm(task.n_shots, generator=generator)
        points = torch.cat([shots.points[:, order], shots.points[:, -1:]], dim=1)
        answers.append(model(points, shots.classes[:, order])[:, -1].argmax(-1))
    said = torch.stack(answers)  # (orders, texts)
    accuracy = (said == shots.answer).float().mean(1)
    flips = (said != said[0]).any(0).float().mean()
    return result | {"order_margin": (accuracy.max() - accuracy.min()).item(), "order_flips": flips.item()}


def run(
    arm: str, seed: int, rate: float, part: str, steps: int, batch: int, shots: int, points: int, dim: int,
    n_heads: int, n_layers: int, texts: int, orders: int,
) -> Record:  # fmt: skip
    torch.manual_seed(seed)
    task = InContextClasses(n_shots=shots, dim=points)
    model = Learner(arm, points, dim, n_heads, n_layers)
    asked = 10**6 + (0 if part == "test" else 1)
    few = task.batch(64, 10**6 + 2)
    history = train(model, lambda step: task.batch(batch, 10**4 * (seed + 1) + step), loss, steps, rate, every=50,
                    evaluate=lambda model: {"lambdas": lambdas(model, lambda: loss(model, few))}, progress=False)
    alternating = InContextClasses(n_shots=shots, dim=points, order="alternating").batch(texts, asked)
    with torch.no_grad():
        said = model(alternating.points, alternating.classes)[:, -1].argmax(-1)
    return {"parameters": sum(p.numel() for p in model.parameters()), "loss": history[-1]["loss"],
            "lambdas": [record["lambdas"] for record in history if record.get("lambdas")],
            **measure(model, task, texts, orders, asked),
            "accuracy_alternating": (said == alternating.answer).float().mean().item()}  # fmt: skip


EXPERIMENTS = [
    Experiment(
        "in-context", run, ("standard", "normed", "diff", "diff2"), "accuracy_32",
        {"ro": "Clase învățate din context: de partea cui cade un punct nou, după 32 de exemple, în orice ordine.",
         "en": "Classes learned in the context: on which side a new point falls, after 32 examples in any order."},
        rates=(1.5e-3, 3e-3, 6e-3, 1.2e-2), margin=0.01,
        settings={"steps": 400, "batch": 32, "shots": 32, "points": 4, "dim": 64, "n_heads": 4, "n_layers": 2,
                  "texts": 500, "orders": 6},
    )
]  # fmt: skip
