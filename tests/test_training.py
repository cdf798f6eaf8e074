"""The loop: the same numbers after a kill, with two processes as with one, and as AdamW written out."""

import json
import math
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch import nn

from diffattn_mini import Config, MiniGPT
from diffattn_mini.lab.training import cached, schedule, share, train

ROOT = Path(__file__).resolve().parents[1]


def model():
    torch.manual_seed(0)
    return MiniGPT(Config(11, 16, 2, n_layers=1, attention="diff"))


def batches(step):
    return torch.randint(11, (4, 8), generator=torch.Generator().manual_seed(step))


def loss(model, batch):
    scores = model(batch[:, :-1])
    return nn.functional.cross_entropy(scores.flatten(0, 1), batch[:, 1:].flatten())


def losses(history):
    return [record["loss"] for record in history]


def test_the_loop_takes_the_steps_of_adamw_written_out():
    weight = torch.tensor([1.0, -2.0], dtype=torch.float64)
    line = nn.Linear(2, 1, bias=False).double()
    with torch.no_grad():
        line.weight.copy_(weight)
    history = train(line, lambda step: torch.tensor([[1.0, step]]).double(),
                    lambda m, x: (m(x) - 3).square().mean(), 20, rate=0.05, progress=False)  # fmt: skip
    m = v = torch.zeros(2, dtype=torch.float64)
    for step in range(20):
        x = torch.tensor([1.0, step]).double()
        assert history[step]["loss"] == pytest.approx((weight @ x - 3).item() ** 2)
        grad = 2 * (weight @ x - 3) * x
        grad = grad * min(1, 1 / (grad.norm() + 1e-6))
        m, v = 0.9 * m + 0.1 * grad, 0.98 * v + 0.02 * grad**2
        rate = 0.05 * ((step + 1) / 2 if step < 2 else 0.1 + 0.45 * (1 + math.cos(math.pi * (step - 2) / 18)))
        weight = weight * (1 - rate * 0.01)
        weight = weight - rate * (m / (1 - 0.9 ** (step + 1))) / ((v / (1 - 0.98 ** (step + 1))).sqrt() + 1e-8)
    torch.testing.assert_close(line.weight[0], weight)


def test_the_rate_rises_to_its_top_and_ends_at_a_tenth():
    factors = [schedule(step, 400) for step in range(400)]
    assert max(factors) == factors[40] == 1 and factors[399] == pytest.approx(0.1, abs=1e-3)
    assert factors[:40] == sorted(factors[:40]) and factors[40:] == sorted(factors[40:], reverse=True)


class Interrupted(Exception):
    pass


def test_a_run_that_was_stopped_goes_on_to_the_same_numbers(tmp_path):
    whole = model()
    expected = train(whole, batches, loss, 20, progress=False)

    def stopping(step):
        if step == 13:
            raise Interrupted
        return batches(step)

    with pytest.raises(Interrupted):
        train(model(), stopping, loss, 20, checkpoint=tmp_path, every=5, progress=False)
    again = model()
    for p in again.parameters():
        nn.init.zeros_(p)  # what counts is what was kept
    history = train(again, batches, loss, 20, checkpoint=tmp_path, every=5, progress=False)
    assert losses(history) == losses(expected)
    for ours, theirs in zip(again.parameters(), whole.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.safetensors"]


SCRIPT = """
import sys; sys.path.insert(0, {tests!r}); sys.path.insert(0, {root!r})
import json, time, torch
from test_training import batches, loss, losses, model, share, train
torch.set_num_threads(1)
"""


def script(tmp_path, body):
    path = tmp_path / "run.py"
    path.write_text(SCRIPT.format(tests=str(ROOT / "tests"), root=str(ROOT)) + textwrap.dedent(body))
    return str(path)


def test_a_run_that_was_killed_goes_on_to_the_same_numbers(tmp_path):
    place = tmp_path / "kept"
    path = script(tmp_path, f"""
        train(model(), lambda step: time.sleep(0.02) or batches(step), loss, 10**6, checkpoint={str(place)!r}, every=3,
              progress=False)
    """)
    process = subprocess.Popen([sys.executable, path])
    deadline = time.time() + 60
    while not (place / "checkpoint.safetensors").exists() and time.time() < deadline:
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with safe_open(place / "checkpoint.safetensors", framework="pt") as file:
        kept = json.loads(file.metadata()["history"])
    assert len(kept) >= 3 and len(kept) % 3 == 0
    # the schedule knows the length of the run, so the comparison is with a run of the same length
    expected = []
    with pytest.raises(Interrupted):
        def stop(step):
            if step == len(kept):
                raise Interrupted
            return batches(step)

        def noted(model, batch):
            value = loss(model, batch)
            expected.append(value.item())
            return value

        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        train(model(), stop, noted, 10**6, progress=False)
    torch.set_num_threads(threads)
    assert losses(kept) == expected


def test_a_loss_that_draws_at_random_goes_on_with_the_same_numbers(tmp_path):
    def noisy(model, batch):
        return loss(model, batch) * (1 + 0.1 * torch.rand(()))

    whole, stopped, again = model(), model(), model()
    torch.manual_seed(3)
    expected = losses(train(whole, batches, noisy, 9, progress=False))
    torch.manual_seed(3)
    with pytest.raises(ZeroDivisionError):
        train(stopped, lambda step: batches(step) if step < 6 else 1 / 0, noisy, 9, checkpoint=tmp_path, every=3,
              progress=False)  # fmt: skip
    torch.manual_seed(4)
    assert losses(train(again, batches, noisy, 9, checkpoint=tmp_path, every=3, progress=False)) == expected


def test_the_bar_shows_the_steps_and_the_loss_and_a_page_has_none(capsys, monkeypatch):
    monkeypatch.delenv("DIFFATTN_MINI_PUBLISH", raising=False)
    history = train(model(), batches, loss, 3, every=1)
    shown = capsys.readouterr().err
    assert "0/3" in shown and f"loss={history[-1]['loss']:.3f}" in shown
    monkeypatch.setenv("DIFFATTN_MINI_PUBLISH", "1")
    train(model(), batches, loss, 3)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("change", "says"), [
    (dict(steps=5), r"steps=5, and the run kept in .* has 4: name another folder"),
    (dict(rate=0.1), r"rate=0\.1, and the run kept in .* has 0\.003"),
    (dict(settings={"seed": 1}), r"seed=1, and the run kept in .* has 0"),
    (dict(settings=None), r"seed=None, and the run kept in .* has 0"),
])  # fmt: skip
def test_the_checkpoint_of_another_run_is_refused(tmp_path, change, says):
    run = dict(steps=4, checkpoint=tmp_path, progress=False, settings={"seed": 0})
    history = train(model(), batches, loss, **run)
    assert train(model(), batches, loss, **run) == history
    with pytest.raises(ValueError, match=says):
        train(model(), batches, loss, **run | change)


def test_two_processes_lose_as_much_as_one(tmp_path):
    place = tmp_path / "losses.json"
    path = script(tmp_path, f"""
        import torch.distributed as dist
        dist.init_process_group("gloo")
        history = train(model(), lambda step: share(batches(step)), loss, 10, progress=False)
        if dist.get_rank() == 0:
            open({str(place)!r}, "w").write(json.dumps(losses(history)))
        dist.destroy_process_group()
    """)
    subprocess.run([sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", path],
                   check=True, capture_output=True, timeout=180, env=os.environ | {"OMP_NUM_THREADS": "1"})  # fmt: skip
    together = json.loads(place.read_text())
    alone = losses(train(model(), batches, loss, 10, progress=False))
    assert together == pytest.approx(alone, abs=1e-6)


def test_a_loss_that_is_not_a_number_stops_the_run_and_says_where():
    with pytest.raises(FloatingPointError, match="the loss is nan at step 2; try a lower rate than 0.003"):
        train(model(), batches, lambda m, b: loss(m, b) * (math.nan if torch.equal(b, batches(2)) else 1), 5,
              progress=False)  # fmt: skip


def test_a_model_is_trained_once_and_again_when_anything_changes(tmp_path, monkeypatch):
    trained = []

    def make(dim):
        torch.manual_seed(dim)
        return MiniGPT(Config(11, dim, 2, n_layers=1))

    def fit(model):
        trained.append(model.config.dim)
        return train(model, batches, loss, 3, progress=False)

    def fit_longer(model):
        trained.append(-model.config.dim)
        return train(model, batches, loss, 4, progress=False)

    first, told = cached(make, fit, tmp_path, dim=16)
    second, again = cached(make, fit, tmp_path, dim=16)
    assert trained == [16]
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    assert second.head.weight is second.embedding.tokens.weight
    assert len(told) == 3 and again == told
    cached(make, fit, tmp_path, dim=8)
    assert trained == [16, 8]
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes()[:-100])
    third, _ = cached(make, fit, tmp_path, dim=16)
    assert trained == [16, 8, 16]
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), third.parameters(), strict=True))
    cached(make, fit_longer, tmp_path, dim=16)
    assert trained == [16, 8, 16, -16]
    monkeypatch.setattr("diffattn_mini.lab.training._sources", lambda: "changed")
    cached(make, fit, tmp_path, dim=16)
    assert trained == [16, 8, 16, -16, 16]


def test_a_layer_changed_in_the_notebook_trains_anew(tmp_path):
    trained = []

    def layer(forward):
        return type("Layer", (nn.Linear,), {"__module__": "__main__", "forward": forward})(2, 2)

    def fit(model):
        return trained.append(1) or []

    doubled, halved = (lambda self, x: 2 * x), (lambda self, x: x / 2)
    for forward in (doubled, doubled, halved):
        cached(lambda forward=forward: layer(forward), fit, tmp_path)
    assert len(trained) == 2


def test_every_notebook_of_a_book_finds_the_same_models(tmp_path, monkeypatch):
    (tmp_path / "_toc.yml").touch()
    for place in ("notebooks/ro", "notebooks/en", "_build/solved/ro", "_build/site/ro/notebooks/ro"):
        (tmp_path / place).mkdir(parents=True)
        if "site" in place:
            (tmp_path / "_build/site/ro/_toc.yml").touch()
        monkeypatch.chdir(tmp_path / place)
        cached(model, lambda model: train(model, batches, loss, 1, progress=False))
    assert len(list((tmp_path / "_build/models").iterdir())) == 1
    assert not (tmp_path / "notebooks/ro/_build").exists()


def test_a_full_disk_leaves_the_last_checkpoint_whole(tmp_path, monkeypatch):
    with pytest.raises(ZeroDivisionError):
        train(model(), lambda step: batches(step) if step < 7 else 1 / 0, loss, 10, checkpoint=tmp_path, every=5,
              progress=False)  # fmt: skip
    before = (tmp_path / "checkpoint.safetensors").read_bytes()

    def full(path, content):
        with path.open("wb") as file:
            file.write(content[:99])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.warns(UserWarning, match=r"step 9 is not kept in .*: .*No space left.*; training goes on"):
        assert len(train(model(), batches, loss, 10, checkpoint=tmp_path, every=5, progress=False)) == 10
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.safetensors"]
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == before


def test_a_batch_that_does_not_divide_is_refused(monkeypatch):
    monkeypatch.setattr("diffattn_mini.lab.training._distributed", lambda: True)
    monkeypatch.setattr("torch.distributed.get_world_size", lambda: 3)
    monkeypatch.setattr("torch.distributed.get_rank", lambda: 0)
    with pytest.raises(ValueError, match="a batch of 4 does not divide among 3 processes"):
        share(torch.zeros(4, 2))
