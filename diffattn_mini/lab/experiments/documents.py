"""Several documents: what one says is asked for among what the others say of the same; or it is not said at all."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...models.transformer import Block, Config, initialise
from ..measures import lambdas
from ..tasks import Documents
from ..tasks.documents import Library
from ..training import train
from .plan import Experiment, Record


class Librarian(nn.Module):
    """Facts, then questions, in one text: blocks with RoPE, and a head that says a value, or that none is told.

    Each token sees the facts before it; a question sees all facts and no other question. forward(library) ->
    (B, M, n_values + 1).
    """

    def __init__(self, task: Documents, attention: str, dim: int = 64, n_heads: int = 4, n_layers: int = 2) -> None:
        super().__init__()
        self.subject, self.key = nn.Embedding(task.n_subjects, dim), nn.Embedding(task.n_keys, dim)
        self.value = nn.Embedding(task.n_values, dim)
        config = Config(task.n_values + 1, dim, n_heads, n_layers, attention=attention)
        self.blocks = nn.ModuleList(Block(config, layer) for layer in range(1, n_layers + 1))
        self.norm, self.head = config.make_norm(), nn.Linear(dim, task.n_values + 1)
        initialise(self)
        for table in (self.subject, self.key, self.value):
            nn.init.normal_(table.weight)

    def forward(self, library: Library) -> Tensor:
        facts = self.subject(library.subjects) + self.key(library.keys) + self.value(library.values)  # (B, N, D)
        asked = self.subject(library.asked_subjects) + self.key(library.asked_keys)  # (B, M, D)
        x = torch.cat([facts, asked], dim=1)
        N, T = facts.shape[1], x.shape[1]
        mask = torch.tril(torch.ones(T, T, dtype=torch.bool))
        mask[N:, N:] = torch.eye(T - N, dtype=torch.bool)
        for block in self.blocks:
            x = block(x, mask)
        return self.head(self.norm(x[:, N:]))


def loss(model: Librarian, library: Library) -> Tensor:
    return F.cross_entropy(model(library).flatten(0, 1), library.answers.flatten())


@torch.no_grad()
def ask(model: Librarian, task: Documents, library: Library) -> Record:
    """Of questions that have an answer, how often it is given ("right"), and how often that of the same key in another
    document ("mixed"); of those that have none, how often one is given all the same ("invented")."""
    said, answers = model(library).argmax(-1), library.answers
    told = answers < task.n_values
    others = (library.keys[:, None] == library.asked_keys[..., None]) & (
        library.values[:, None] == said[..., None]
    )  # (B, M, N)
    mixed = others.any(-1) & (said != answers)
    return {"right": (said == answers)[told].float().mean().item(), "mixed": mixed[told].float().mean().item(),
            "invented": (said < task.n_values)[~told].float().mean().item()}  # fmt: skip


def run(
    arm: str, seed: int, rate: float, part: str, steps: int, trained: list[int], documents: list[int], texts: int,
    **sizes: int,
) -> Record:  # fmt: skip
    torch.manual_seed(seed)
    tasks = [Documents(n) for n in trained]
    model = Librarian(tasks[0], arm, **sizes)
    history = train(model, lambda step: tasks[step % len(tasks)].batch(32, 10**4 * (seed + 1) + step), loss, steps,
                    rate, progress=False)  # fmt: skip
    few = tasks[0].batch(32, 10**6)
    result = {"parameters": sum(p.numel() for p in model.parameters()), "loss": history[-1]["loss"],
              "lambdas": lambdas(model, lambda: loss(model, few))}  # fmt: skip
    for n in documents:
        task = Documents(n)
        found = ask(model, task, task.batch(texts, 10**6 + (1 if part == "test" else 2)))
        result |= {f"{name}_{n}": share for name, share in found.items()}
    return result


EXPERIMENTS = [
    Experiment(
        "documents", run, ("standard", "normed", "diff", "diff2"), "right_12",
        {"ro": "Ce scrie într-unul din 12 documente, când și celelalte vorbesc despre aceleași lucruri; învățat pe cel "
               "mult 4.",
         "en": "What one of 12 documents says, where the others speak of the same things; learned on at most 4."},
        rates=(3e-3, 6e-3, 1.2e-2, 2.4e-2), margin=0.02,
        settings={"steps": 400, "trained": [2, 3, 4], "documents": [4, 8, 12, 16], "texts": 512, "dim": 64,
                  "n_heads": 4, "n_layers": 2},
    )
]  # fmt: skip
