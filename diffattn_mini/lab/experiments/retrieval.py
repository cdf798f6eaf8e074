"""Retrieval among distractors: does subtracting help to find a few pairs among many?"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...attention.family import KINDS, make_attention
from ...attention.multi_head import MultiHeadAttention
from ...models.transformer import initialise
from ..measures import answer_share, lambdas
from ..tasks import Retrieval
from ..training import train
from .plan import Experiment, Record


def bound_scores(attention: MultiHeadAttention, bound: float) -> None:
    """Cosine attention at a fixed temperature: every score of the layer then lies in [-bound, bound].

    The queries and keys of each map are brought to one length, such that the layer's division by sqrt(d) leaves
    bound * cosine. It takes the place of the rotation by position, which this layer does not use.
    """
    d = attention.head_dim
    length = (bound * d**0.5) ** 0.5
    attention.rope = True
    attention.rotate = lambda x, start: (F.normalize(x.unflatten(-1, (-1, d)), dim=-1) * length).flatten(-2)


class Finder(nn.Module):
    """One layer of attention and an MLP: a query (a key without its value) looks at the pairs and says the value.

    forward(keys, values, queries): integers (B, N), (B, N), (B, M) -> scores of the values, (B, M, n_values).
    causal: one text of pairs and then queries, in which each token sees those before it; otherwise the queries alone
    look, at the pairs alone.
    """

    def __init__(
        self, task: Retrieval, attention: str, bound: float | None, causal: bool, dim: int = 64, n_heads: int = 4
    ) -> None:
        super().__init__()
        self.causal = causal
        self.key, self.value = nn.Embedding(task.n_keys + task.n_fillers, dim), nn.Embedding(task.n_values, dim)
        self.attention = make_attention(attention, dim, n_heads)
        if bound:
            bound_scores(self.attention, bound)
        self.norm_pairs, self.norm_queries, self.norm1, self.norm2 = (nn.RMSNorm(dim) for _ in range(4))
        self.mlp = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))
        self.head = nn.Linear(dim, task.n_values)
        initialise(self)
        for table in (self.key, self.value):
            nn.init.normal_(table.weight)

    def forward(
        self, keys: Tensor, values: Tensor, queries: Tensor, return_weights: bool = False
    ) -> Tensor | tuple[Tensor, Tensor]:
        pairs = self.norm_pairs(self.key(keys) + self.value(values))  # (B, N, D)
        x = self.key(queries)  # (B, M, D)
        if self.causal:
            text = torch.cat([pairs, self.norm_queries(x)], dim=1)  # (B, N + M, D)
            found, weights = self.attention(text, return_weights=True)
            found, weights = found[:, -x.shape[1] :], weights[:, :, -x.shape[1] :, : pairs.shape[1]]
        else:
            found, weights = self.attention(self.norm_queries(x), None, return_weights=True, context=pairs)
        x = x + found
        x = x + self.mlp(self.norm1(x))
        scores = self.head(self.norm2(x))
        return (scores, weights) if return_weights else scores


@torch.no_grad()
def measure(model: Finder, length: int, seed: int, texts: int) -> Record:
    """How often the answer is right among so many pairs, and its share of the sum of |A| in the mean over the heads."""
    pairs = Retrieval(length).batch(texts, seed)
    scores, weights = model(*pairs[:3], return_weights=True)  # (B, M, values), (B, h, M, N)
    share = answer_share(weights, pairs.places[:, None].expand(weights.shape[:-1]))  # (B, h, M)
    return {f"accuracy_{length}": (scores.argmax(-1) == pairs.answers).float().mean().item(),
            f"share_{length}": share.nanmean().item()}  # fmt: skip


def run(
    arm: str, seed: int, rate: float, part: str, bound: float | None, steps: int, lengths: list[int], causal: bool,
    texts: int,
) -> Record:  # fmt: skip
    torch.manual_seed(seed)
    task = Retrieval()
    model = Finder(task, arm, bound, causal)
    pairs = task.batch(texts, 10**6)

    def evaluate(model: Finder) -> Record:
        return measure(model, 64, 10**6, texts) | {"lambdas": lambdas(model, lambda: model(*pairs[:3]))}

    def loss(model: Finder, pairs: tuple) -> Tensor:
        return F.cross_entropy(model(*pairs[:3]).flatten(0, 1), pairs.answers.flatten())

    # seeds of the batches: far from those of the tests, the same for every arm
    history = train(model, lambda step: task.batch(32, 10**4 * (seed + 1) + step), loss, steps, rate, every=20,
                    evaluate=evaluate, progress=False)  # fmt: skip
    ninety = [record["step"] + 1 for record in history if record.get("accuracy_64", 0) >= 0.9]
    result = {"parameters": sum(p.numel() for p in model.parameters()), "loss": history[-1]["loss"],
              "steps_to_90": ninety[0] if ninety else None,
              "lambdas": [record["lambdas"] for record in history if record.get("lambdas")]}  # fmt: skip
    for length in lengths:
        result |= measure(model, length, 10**6 + (1 if part == "test" else 2), texts)
    return result


ARMS = ("standard", "normed", "diff", "diff2")
SETTINGS = {"steps": 400, "lengths": [64, 128, 256, 512, 1024], "causal": False, "texts": 256}

# Five seeds, and rates chosen on the seeds that are shown.
BEFORE = {"seeds": (0, 1, 2, 3, 4), "validation": ()}


def bounded(bound: float) -> Experiment:
    """The sweep with scores within [-bound, bound], asked where no arm is near always right."""
    ro = f"{bound:g}".replace(".", ",")
    return Experiment(
        f"retrieval-bounded-{bound:g}", run, ARMS, "accuracy_512",
        {"ro": f"Căutare printre perechi fără rost, cu scoruri mărginite la {ro}: antrenată la 64 de perechi, probată "
               "la 512. Ajută scăderea?",
         "en": f"Retrieval among distractors with scores bounded by {bound:g}: trained on 64 pairs, tested on 512. "
               "Does subtracting help?"},
        rates=(8e-3, 1.6e-2, 3.2e-2, 6.4e-2, 1.28e-1, 2.56e-1), margin=0.02, settings=SETTINGS | {"bound": bound},
    )  # fmt: skip


EXPERIMENTS = [
    *(bounded(bound) for bound in (1.5, 2, 3)),
    Experiment(
        "retrieval-ordinary", run, ARMS, "accuracy_16384",
        {"ro": "Aceeași căutare cu scoruri obișnuite, care pot crește oricât: antrenată la 64 de perechi, probată la "
               "16.384, fiindcă la 1024 nimeni nu mai greșește. Ajută scăderea?",
         "en": "The same retrieval with ordinary scores, free to grow: trained on 64 pairs, tested on 16,384, since at "
               "1024 nobody errs. Does subtracting help?"},
        rates=(1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2), margin=0.02,
        settings=SETTINGS | {"lengths": [64, 1024, 4096, 16384], "texts": 32, "bound": None},
    ),
    Experiment(
        "family", run, tuple(KINDS), "accuracy_256",
        {"ro": "Toată familia la aceeași căutare, cauzală, cu scoruri obișnuite: antrenată la 64, probată la 256.",
         "en": "The whole family on the same retrieval, causal, ordinary scores: trained on 64 pairs, tested on 256."},
        rates=(3e-3, 5e-3), **BEFORE, compared=("normed", "diff", "diff2"),
        settings={"steps": 300, "lengths": [64, 128, 256], "bound": None, "causal": True, "texts": 64},
    ),
    Experiment(
        "family-bounded", run, tuple(KINDS), "accuracy_128",
        {"ro": "Toată familia la căutarea cauzală cu scoruri mărginite la 2: antrenată la 64, probată la 128.",
         "en": "The whole family on the causal retrieval, scores bounded by 2: trained on 64 pairs, tested on 128."},
        rates=(3e-3, 8e-3, 1.6e-2, 3.2e-2, 6.4e-2, 1.28e-1), **BEFORE, compared=("normed", "diff", "diff2"),
        settings={"steps": 300, "lengths": [64, 128, 256], "bound": 2.0, "causal": True, "texts": 64},
    ),
]  # fmt: skip
