"""Chapter 9's experiments: needles where they are said to be, hay that is hidden, scores that grow with the length."""

import pytest
import torch

from diffattn_mini.lab.experiments.needles import Reader, allocation, ask, at_depth, on_first
from diffattn_mini.lab.experiments.noise import run
from diffattn_mini.lab.tasks import Retrieval


def reader(seed=0):
    torch.manual_seed(seed)
    return Reader(Retrieval())


@pytest.mark.parametrize("depth", [0, 0.25, 0.5, 1])
def test_the_first_needle_stands_at_its_depth_and_every_answer_is_that_of_its_key(depth):
    task = Retrieval(length=21)
    batch, before = at_depth(task, depth, 200, seed=3), task.batch(200, seed=3)
    assert (batch.places[:, 0] == round(20 * depth)).all()
    assert torch.equal(batch.keys.gather(1, batch.places), batch.queries)
    assert torch.equal(batch.values.gather(1, batch.places), batch.answers)
    assert torch.equal(batch.queries, before.queries)
    assert torch.equal(batch.keys.sort(1).values, before.keys.sort(1).values), "the same pairs, in another order"


@pytest.mark.parametrize("depth", [-0.1, 1.1])
def test_a_depth_outside_the_text_is_refused(depth):
    with pytest.raises(ValueError, match="from 0, the beginning, to 1, the end"):
        at_depth(Retrieval(16), depth, 2, seed=0)


def test_hidden_hay_changes_nothing_and_shown_hay_does():
    model, task = reader(), Retrieval(32)
    pairs = at_depth(task, 0.5, 4, seed=1)
    hidden = pairs.keys >= task.n_keys
    other = torch.where(hidden, (pairs.values + 1) % task.n_values, pairs.values)  # the hay says something else
    with torch.no_grad():
        alone, same = (model(pairs.keys, values, pairs.queries, hidden=hidden) for values in (pairs.values, other))
        shown, changed = (model(pairs.keys, values, pairs.queries) for values in (pairs.values, other))
    assert torch.equal(alone, same) and not torch.allclose(shown, changed, atol=1e-3)


def test_the_reader_is_causal():
    model, pairs = reader(), Retrieval(16).batch(3, seed=0)
    with torch.no_grad():
        whole, maps = model(*pairs[:3], return_weights=True)
        assert torch.allclose(model(pairs.keys, pairs.values, pairs.queries[:, :2]), whole[:, :2], atol=1e-5)
    assert all((weights.triu(1) == 0).all() for weights in maps)


def test_the_parts_of_a_row_make_one_and_a_reader_that_has_learned_nothing_splits_it_evenly():
    model = reader()
    for block in model.blocks:
        torch.nn.init.zeros_(block.attention.q_proj.weight)  # all scores are 0
    parts = allocation(model, length=32, depth=0.5, texts=8)
    assert torch.allclose(sum(parts.values()), torch.ones(2, 2), atol=1e-5)
    expected = {"answer": 1 / 33, "noise": 24 / 33, "others": 7 / 33, "itself": 1 / 33}
    assert all(torch.allclose(parts[name], torch.tensor(share), atol=1e-5) for name, share in expected.items())
    first, equal = on_first(model, length=32, texts=8)
    assert torch.allclose(first, torch.tensor(equal), atol=1e-6)


def test_a_reader_is_asked_about_its_first_question():
    class Told(torch.nn.Module):
        """Answers the first question right and the others wrong."""

        def forward(self, keys, values, queries, hidden=None):
            found = (keys[:, None] == queries[..., None]).float().argmax(-1)
            right = values.gather(1, found)
            wrong = torch.cat([right[:, :1], (right[:, 1:] + 1) % 32], dim=1)
            return torch.nn.functional.one_hot(wrong, 32).float()

    assert ask(Told(), 64, 0.3, texts=16) == 1.0


def test_scores_times_log_n_are_the_trained_ones_at_the_trained_length_and_sharper_beyond():
    settings = {"bound": 2.0, "steps": 30, "lengths": [64, 256], "texts": 8}
    plain, grown = (run(arm, seed=0, rate=0.03, part="test", **settings) for arm in ("bounded", "log_n"))
    assert all(plain[f"{name}_64"] == pytest.approx(grown[f"{name}_64"], abs=1e-6)
               for name in ("accuracy", "share", "entropy"))  # fmt: skip
    assert grown["share_256"] > 1.05 * plain["share_256"] and grown["entropy_256"] < plain["entropy_256"]
