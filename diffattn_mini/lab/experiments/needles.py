"""Needles by depth: a causal Transformer of two layers with positions, asked about one pair in a long text of pairs."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...models.transformer import Block, Config, initialise
from ..tasks import Retrieval
from ..tasks.retrieval import Pairs
from ..training import History, train
from .plan import Experiment, Record


def at_depth(task: Retrieval, depth: float, n: int, seed: int) -> Pairs:
    """A batch in which the pair that is asked for first stands at that depth: 0 is the beginning, 1 the end.

    It changes places with the pair that stood there. Raises ValueError for a depth outside [0, 1].

    >>> at_depth(Retrieval(length=5, n_asked=2), 1, n=3, seed=0).places[:, 0]
    tensor([4, 4, 4])
    """
    if not 0 <= depth <= 1:
        raise ValueError(f"depth={depth}; a number from 0, the beginning, to 1, the end, is expected")
    keys, values, queries, answers, places = task.batch(n, seed)
    goal, here, rows = round(depth * (task.length - 1)), places[:, 0].clone(), torch.arange(n)
    for told in (keys, values):
        told[rows, goal], told[rows, here] = told[rows, here], told[rows, goal].clone()
    places = torch.where(places == goal, here[:, None], places)
    places[:, 0] = goal
    return Pairs(keys, values, queries, answers, places)


class Reader(nn.Module):
    """Pairs, then questions, in one causal text: two blocks with RoPE, and a head that says the value.

    forward(keys, values, queries): integers (B, N), (B, N), (B, M) -> scores of the values, (B, M, n_values); with
    return_weights also the maps of the layers, each (B, h, N + M, N + M). hidden: booleans (B, N), the pairs that
    nothing but themselves may look at.
    """

    def __init__(self, task: Retrieval, dim: int = 32, n_heads: int = 2, n_layers: int = 2) -> None:
        super().__init__()
        self.key, self.value = nn.Embedding(task.n_keys + task.n_fillers, dim), nn.Embedding(task.n_values, dim)
        config = Config(task.n_values, dim, n_heads, n_layers)
        self.blocks = nn.ModuleList(Block(config, layer) for layer in range(1, n_layers + 1))
        self.norm, self.head = config.make_norm(), nn.Linear(dim, task.n_values)
        initialise(self)
        for table in (self.key, self.value):
            nn.init.normal_(table.weight)

    def forward(
        self, keys: Tensor, values: Tensor, queries: Tensor, return_weights: bool = False, hidden: Tensor | None = None
    ) -> Tensor | tuple[Tensor, list[Tensor]]:
        T = keys.shape[1] + queries.shape[1]
        mask = torch.tril(torch.ones(T, T, dtype=torch.bool))
        if hidden is not None:
            seen = F.pad(~hidden, (0, queries.shape[1]), value=True)[:, None, None]  # (B, 1, 1, N + M)
            mask = mask & (seen | torch.eye(T, dtype=torch.bool))
        x = torch.cat([self.key(keys) + self.value(values), self.key(queries)], dim=1)  # (B, N + M, D)
        maps = []
        for block in self.blocks:
            found, weights = block.attention(block.norm1(x), mask, return_weights=True)
            x = x + found
            x = x + block.mlp(block.norm2(x))
            maps.append(weights)
        scores = self.head(self.norm(x[:, keys.shape[1] :]))
        return (scores, maps) if return_weights else scores


def fit(model: Reader, seed: int, rate: float, steps: int, lengths: tuple[int, ...], progress: bool = False) -> History:
    """Train on texts of these lengths by turns, a length a step."""
    tasks = [Retrieval(length) for length in lengths]

    def batch(step: int) -> Pairs:
        return tasks[step % len(tasks)].batch(32, 10**4 * (seed + 1) + step)

    def loss(model: Reader, pairs: Pairs) -> Tensor:
        return F.cross_entropy(model(*pairs[:3]).flatten(0, 1), pairs.answers.flatten())

    return train(model, batch, loss, steps, rate, progress=progress)


@torch.no_grad()
def ask(
    model: Reader, length: int, depth: float, texts: int, without_hay: bool = False, seed: int = 10**6 + 1
) -> float:
    """How often the first question is answered right, its pair at that depth of a text of so many pairs.

    without_hay: the pairs that are never asked for stay where they are and are hidden, so that what is looked for
    stands as far away as before, among fewer.
    """
    task = Retrieval(length)
    pairs = at_depth(task, depth, texts, seed)
    hidden = pairs.keys >= task.n_keys if without_hay else None
    return (model(*pairs[:3], hidden=hidden)[:, 0].argmax(-1) == pairs.answers[:, 0]).float().mean().item()


@torch.no_grad()
def allocation(model: Reader, length: int, depth: float, texts: int, seed: int = 10**6 + 1) -> dict[str, Tensor]:
    """Where the first question looks, by layer and head, (n_layers, h): shares of its row, which sum to 1.

    "answer": the pair that it asks for; "noise": the pairs that are never asked for; "others": those that the other
    questions ask for; "itself": the question.
    """
    task = Retrieval(length)
    pairs = at_depth(task, depth, texts, seed)
    _, maps = model(*pairs[:3], return_weights=True)
    rows = torch.stack(maps)[:, :, :, length]  # (layers, B, h, N + M)
    answer = rows.gather(-1, pairs.places[:, :1].expand(len(maps), *rows.shape[1:3])[..., None])[..., 0]
    hay = (rows[..., :length] * (pairs.keys >= task.n_keys)[:, None]).sum(-1)
    itself = rows[..., length:].sum(-1)
    parts = {"answer": answer, "noise": hay, "others": 1 - answer - hay - itself, "itself": itself}
    return {name: part.mean(1) for name, part in parts.items()}


@torch.no_grad()
def on_first(model: Reader, length: int, texts: int, seed: int = 10**6 + 1) -> tuple[Tensor, float]:
    """The weight on the first token, by layer and head, (n_layers, h), and that of an equal split.

    In the mean over the rows of the text from the 17th on: the first rows have little else to look at.
    """
    pairs = Retrieval(length).batch(texts, seed)
    _, maps = model(*pairs[:3], return_weights=True)
    rows = torch.stack(maps)[:, :, :, 16:, 0]  # (layers, B, h, rows)
    return rows.mean((1, 3)), (1 / torch.arange(17, 17 + rows.shape[-1])).mean().item()


def run(
    arm: str, seed: int, rate: float, part: str, steps: int, trained: list[int], lengths: list[int],
    depths: list[float], texts: int,
) -> Record:  # fmt: skip
    torch.manual_seed(seed)
    model = Reader(Retrieval())
    history = fit(model, seed, rate, steps, tuple(trained))
    found, alone = ([[ask(model, length, depth, texts, hide) for length in lengths] for depth in depths]
                    for hide in (False, True))  # fmt: skip
    shares = [{name: part.mean().item() for name, part in allocation(model, max(trained), depth, texts).items()}
              for depth in depths]  # fmt: skip
    first, equal = on_first(model, max(trained), texts)
    return {"parameters": sum(p.numel() for p in model.parameters()), "loss": history[-1]["loss"],
            "allocation": shares, "first": first.tolist(), "equal": equal,
            "accuracy": sum(map(sum, found)) / (len(depths) * len(lengths)), "map": found, "map_without_hay": alone,
            }  # fmt: skip


EXPERIMENTS = [
    Experiment(
        "needles", run, ("standard",), "accuracy",
        {"ro": "Un Transformer cauzal de două straturi, antrenat la cel mult 64 de perechi: cât de des găsește o "
               "pereche, după adâncimea ei și lungimea textului?",
         "en": "A causal Transformer of two layers, trained on at most 64 pairs: how often does it find a pair, by its "
               "depth and the length of the text?"},
        rates=(5e-3,), seeds=tuple(range(10)), validation=(), compared=(),
        settings={"steps": 300, "trained": [16, 32, 48, 64], "lengths": [16, 32, 64, 128, 256],
                  "depths": [0.0, 0.25, 0.5, 0.75, 1.0], "texts": 64},
    ),
]  # fmt: skip
