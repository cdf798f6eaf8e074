"""The loop: the same numbers after a kill, with two processes as with one, and as AdamW written out."""

import functools
import json
import math
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save
from torch import nn

from diffattn_mini import Config, MiniGPT, softmax
from diffattn_mini.lab.fingerprint import Reader
from diffattn_mini.lab.tasks import Sentences
from diffattn_mini.lab.training import cached, schedule, share, train

ROOT = Path(__file__).resolve().parents[1]


def model(**change):
    torch.manual_seed(0)
    return MiniGPT(Config(**dict(vocabulary=11, dim=16, n_heads=2, n_layers=1, attention="diff") | change))


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
    (dict(steps=-1), "steps=-1; steps must be at least 0"), (dict(every=0), "every=0"), (dict(clip=0), "clip=0; a pos"),
    (dict(rate=math.nan), "rate=nan"), (dict(rate=-1), "rate=-1"), (dict(warmup=2), "warmup=2"),
    (dict(clip=math.nan), "clip=nan"), (dict(steps=1.5), "steps must be a whole number"),
    (dict(checkpoint="kept", settings={"seed": object()}), "<object .* cannot be kept"),
])  # fmt: skip
def test_numbers_that_train_nothing_are_refused(change, says):
    with pytest.raises((ValueError, TypeError), match=says):
        train(model(), lambda step: 1 / 0, loss, **dict(steps=4, progress=False) | change)


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


def test_a_gradient_that_is_not_a_number_reaches_neither_the_weights_nor_the_checkpoint(tmp_path):
    def root(model, batch):  # a finite loss with a gradient of 0 / 0, from step 4 on
        value = loss(model, batch)
        return value + (value - value).sqrt() if torch.equal(batch, batches(4)) else value

    whole, stopped = model(), model()
    run = dict(steps=9, checkpoint=tmp_path, every=1, progress=False)
    with pytest.raises(FloatingPointError, match="the gradient's norm is nan at step 4; try a lower rate than 0.003"):
        train(stopped, batches, root, **run)
    assert all(p.isfinite().all() for p in stopped.parameters())
    assert losses(train(stopped, batches, loss, **run)) == losses(train(whole, batches, loss, 9, progress=False))


def constant(model, batch):  # its gradient is 1 at every step, so that it is the weight that runs away
    return model.weight.sum()


@pytest.mark.parametrize(("made", "loss", "rate", "says"), [
    (model, loss, 1e6, r"at step \d+; try a lower rate than 1000000"),  # the loss or its gradient
    (lambda: nn.Linear(1, 1, bias=False), constant, 3e37, r"the weight weight is not finite at step \d+"),
])  # fmt: skip
def test_a_rate_that_is_far_too_high_leaves_finite_weights_in_the_checkpoint(tmp_path, made, loss, rate, says):
    with pytest.raises(FloatingPointError, match=says):
        train(made(), batches, loss, 60, rate, checkpoint=tmp_path, every=1, progress=False)
    kept = load_file(tmp_path / "checkpoint.safetensors")
    assert all(x.isfinite().all() for name, x in kept.items() if name.startswith("model."))


def test_a_layer_that_refuses_what_is_not_a_number_stops_the_run_and_says_where():
    def far(model, batch):
        return loss(model, batch) + (softmax(model.head.weight / 0).sum() if torch.equal(batch, batches(2)) else 0)

    with pytest.raises(FloatingPointError, match="no loss at step 2: x holds NaN.*; try a lower rate than 0.003"):
        train(model(), batches, far, 5, progress=False)
    with pytest.raises(ValueError, match="tokens"):  # any other refusal is the caller's
        train(model(), lambda step: batches(step) + 99, loss, 5, progress=False)


@pytest.mark.parametrize(("change", "says"), [
    (dict(n_layers=2), r"model\.config\.n_layers=2, and the run kept in .* has 1: name another folder, or remove"),
    (dict(n_heads=4), r"model\.config\.n_heads=4, .* has 2: .*also differ: model\.blocks\.0\.attention\.n_heads"),
    (dict(positions="none"), r"model\.config\.positions='none', .* has 'rope'"),
    (dict(eps=1e-3), r"eps=0\.001, .* has 1e-05"),
    (dict(attention="standard"), r"model\.config\.attention='standard', .* has 'diff'"),
])  # fmt: skip
def test_the_checkpoint_of_another_model_is_refused(tmp_path, change, says):
    train(model(), batches, loss, 2, checkpoint=tmp_path, progress=False)
    with pytest.raises(ValueError, match=says):
        train(model(**change), batches, loss, 2, checkpoint=tmp_path, progress=False)


def test_a_checkpoint_that_is_not_whole_is_named(tmp_path):
    train(model(), batches, loss, 2, checkpoint=tmp_path, progress=False)
    path = tmp_path / "checkpoint.safetensors"
    for content in (path.read_bytes()[:-9], b"", save({"x": torch.zeros(1)})):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"checkpoint\.safetensors is not a whole checkpoint \(.*\): remove it"):
            train(model(), batches, loss, 2, checkpoint=tmp_path, progress=False)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="reads what Linux has mapped")
def test_a_run_that_was_taken_up_does_not_hold_its_file(tmp_path):
    run = dict(steps=4, every=1, checkpoint=tmp_path, progress=False)
    with pytest.raises(ZeroDivisionError):
        train(model(), lambda step: batches(step) if step < 2 else 1 / 0, loss, **run)
    mapped = []
    train(model(), lambda step: mapped.append(Path("/proc/self/maps").read_text()) or batches(step), loss, **run)
    assert len(mapped) == 2 and not any(str(tmp_path) in maps for maps in mapped)


def test_what_is_kept_may_be_read_as_any_file_and_numpy_numbers_are_numbers(tmp_path):
    old = os.umask(0o022)
    try:
        said = dict(exact=np.float64(0.5), short=np.float32(0.5), tensor=torch.tensor(0.5))
        run = dict(steps=np.int64(2), rate=np.float32(0.5), every=np.int64(1), checkpoint=tmp_path, progress=False,
                   settings={"seed": np.int64(3)}, evaluate=lambda model: said)  # fmt: skip
        train(model(), batches, loss, **run)
        cached(model, lambda model: [said], tmp_path)
    finally:
        os.umask(old)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("*.safetensors")} == {0o644}
    run |= dict(steps=2, rate=0.5, settings={"seed": 3})
    assert train(model(), batches, loss, **run)[-1].items() >= dict(exact=0.5, short=0.5, tensor=0.5).items()


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
    for path in tmp_path.glob("*.safetensors"):
        path.write_bytes(path.read_bytes()[:-100])
    third, _ = cached(make, fit, tmp_path, dim=16)
    assert trained == [16, 8, 16]
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), third.parameters(), strict=True))
    cached(make, fit_longer, tmp_path, dim=16)
    assert trained == [16, 8, 16, -16]
    monkeypatch.setattr("diffattn_mini.lab.training._sources", lambda: "changed")
    cached(make, fit, tmp_path, dim=16)
    assert trained == [16, 8, 16, -16, 16]


NOTEBOOK = """
import functools, helpers, torch
import numpy as np
from diffattn_mini.arrays import validated_by
from torch import nn
WIDTH, SIZES, unused = 2, {"a": 1.0}, 0
data = torch.zeros(5000)
def twice(f):
    @functools.wraps(f)
    def doubled(*args):
        return 2 * f(*args)
    return doubled
def line(factor):
    return lambda x: factor * x
bend = line(7.0)
class Base(nn.Module):
    def start(self):
        return 0.1
class Net(Base):
    deep = False
    def __init__(self, n_heads=4):
        super().__init__()
        self.w, self.n_heads = nn.Linear(WIDTH, WIDTH), n_heads
    @property
    def size(self):
        return 3
    @staticmethod
    def shift(x):
        return x + 11
    @classmethod
    def name(cls):
        return "one"
    @twice
    def forward(self, x):
        return bend(x)
@functools.cache
def table():
    return [5]
def helper(x, *, by=13):
    return x - by
helper.bound = 17.0
@torch.no_grad()
def unseen(x):
    return x + 19
@validated_by(lambda x: 23)
def checked(x):
    return x + 29
@functools.wraps(torch.nn.functional.silu)
def silu(x):
    import late
    return late.half(31 * x)
def make():
    torch.manual_seed(0)
    return Net()
def fit(model, target=2.0):
    "What it does."
    fits.append(1)
    ends = [target, helper(0), table()[0], SIZES["a"], data.sum().item(), unseen(1), checked(1)]
    return [{"loss": np.mean([*ends, helper.bound, silu(1), helpers.double(1), np.tanh(1)])}]
"""
CHANGES = {
    "a default": ("n_heads=4", "n_heads=8"),
    "a default of fit": ("target=2.0", "target=5.0"),
    "a default by name": ("by=13", "by=14"),
    "an attribute of a class": ("deep = False", "deep = True"),
    "a property": ("return 3", "return 4"),
    "a static method": ("x + 11", "x + 12"),
    "a class method": ('"one"', '"two"'),
    "a method of a base": ("return 0.1", "return 0.2"),
    "the bases": ("class Net(Base)", "class Net(nn.Module)"),
    "a decorator": ("2 * f", "3 * f"),
    "a decorated method": ("return bend(x)", "return -bend(x)"),
    "what a closure holds": ("line(7.0)", "line(8.0)"),
    "an attribute of a function": ("bound = 17.0", "bound = 17.5"),
    "a function in a decorator of a library": ("x + 19", "x + 18"),
    "a function in a decorator of this package": ("x + 29", "x + 28"),
    "a lambda handed to a decorator": ("lambda x: 23", "lambda x: 24"),
    "a function under the name of another": ("31 * x", "32 * x"),
    "a function reached by another": ("x - by", "x * by"),
    "a function behind functools.cache": ("[5]", "[6]"),
    "a global number": ("WIDTH, SIZES, unused = 2", "WIDTH, SIZES, unused = 3"),
    "a global dict": ('"a": 1.0', '"a": 1.5'),
    "one number of a large tensor": ("zeros(5000)", "zeros(5000).index_fill_(0, torch.tensor(2500), 1)"),
    "a method put into a class later": ("def make", "Net.extra = lambda self: 1\ndef make"),
    "a method put into a class of the package": ("def make", "nn.Linear.extra = lambda self: 1\ndef make"),
}
NOTHING_NEW = {
    "a comment": ("return 3", "return 3  # why"),
    "a docstring": ("What it does.", "Ce face."),
    "what nobody reads": ("unused = 2, {", "unused = 2, {").__class__((", 0\n", ", 9\n")),
    "another function": ("def make", "def other():\n    return 1\n\n\ndef make"),
}


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    """Runs the notebook after a change, each time as new code, and says how many trainings there were in all."""
    fits = []
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "helpers.py").write_text("def double(x):\n    return 2 * x\n")
    (tmp_path / "late.py").write_text("def half(x):\n    return x / 2\n")

    def run(before="", after="", **arguments):
        assert before in NOTEBOOK
        there = {"__name__": "__main__", "fits": fits}
        exec(compile(NOTEBOOK.replace(before, after, 1), "notebook", "exec"), there)
        monkeypatch.setattr(sys.modules["__main__"], "Net", there["Net"], raising=False)
        cached(there["make"], there["fit"], tmp_path / "kept")
        return len(fits)

    yield run
    sys.modules.pop("helpers"), sys.modules.pop("late")
    vars(nn.Linear).get("extra") and delattr(nn.Linear, "extra")


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_the_training_reaches_trains_anew_when_it_changes(change, notebook):
    assert [notebook(), notebook(), notebook(*CHANGES[change])] == [1, 1, 2]
    vars(nn.Linear).get("extra") and delattr(nn.Linear, "extra")
    assert notebook() == 2  # the first is still there


@pytest.mark.parametrize("change", NOTHING_NEW)
def test_what_decides_nothing_does_not_train_anew(change, notebook):
    assert [notebook(), notebook(*NOTHING_NEW[change])] == [1, 1]


@pytest.mark.parametrize("name", ["helpers", "late"])
def test_a_file_beside_the_notebook_that_changes_trains_anew(notebook, tmp_path, name):
    assert notebook() == 1
    with (tmp_path / f"{name}.py").open("a") as file:
        file.write("def more():\n    return 1\n")
    del sys.modules[name]
    assert notebook() == 2


def test_arguments_are_told_exactly_or_refused(tmp_path):
    trained = []
    numbers = torch.arange(5000.0)
    others = numbers.clone()
    others[2500] = -7
    values = [numbers, others, numbers.double(), numbers.view(50, 100), numbers.numpy(), others.numpy(), 1, 1.0, True,
              "1", [1], (1,), {1}, {"1": 1}, None, np.float32(1), Config(11), Config(11, eps=1e-6), math.nan, print,
              nn.functional.relu, torch.float32, torch.device("cpu"), random.Random(1), random.Random(2),
              functools.partial(max, 1), functools.partial(max, 2), np.array([1, "a"], dtype=object)]  # fmt: skip
    for _ in range(2):
        for value in values:
            cached(lambda value: nn.Linear(2, 1), lambda model: trained.append(1) or [], tmp_path, value=value)
    assert len(trained) == len(values)
    for value in (open(__file__), (i for i in ()), threading.Lock(), torch.zeros(2, device="meta")):  # noqa: SIM115
        with pytest.raises(TypeError, match="cannot be told exactly"):
            cached(lambda value: nn.Linear(2, 1), lambda model: [], tmp_path, value=value)


def test_a_fit_that_returns_nothing_trains_once_too(tmp_path):
    trained = []
    assert [cached(model, lambda model: trained.append(1), tmp_path)[1] for _ in range(2)] == [None, None]
    assert trained == [1]


def test_what_an_object_has_worked_out_for_itself_does_not_change_it():
    task = Sentences("en")
    before = Reader().hash(task)
    task.batch(1, 4, seed=0)
    assert vars(task).keys() > {"language", "clauses"}
    assert Reader().hash(task) == before != Reader().hash(Sentences("en", clauses=3))


def test_another_process_finds_the_same_key(tmp_path):
    path = script(tmp_path, """
        from diffattn_mini.lab.fingerprint import Reader
        words = {"one", "two", "three", "four", "five"}
        def reads(x):
            return x in words and x in {"six", "seven", "eight"} and loss and MiniGPT
        reader = Reader()
        print(reader.hash([reads, words, model().state_dict()]), reader.outside)
    """)
    runs = [subprocess.Popen([sys.executable, path], env=os.environ | {"PYTHONHASHSEED": seed}, text=True,
                             stdout=subprocess.PIPE) for seed in ("1", "2")]  # fmt: skip
    told = [run.communicate(timeout=120)[0] for run in runs]
    assert told[0] == told[1] and "__main__.words" in told[0]


def test_of_several_processes_one_trains_and_a_killed_one_blocks_nobody(tmp_path):
    path, log = script(tmp_path, f"""
        from diffattn_mini.lab.training import cached
        def fit(model):
            with open({str(tmp_path / "log")!r}, "a") as file:
                file.write("one ")
            time.sleep(600 if "slow" in sys.argv else 0.5)
            return train(model, batches, loss, 3, progress=False)
        fitted, history = cached(model, fit, {str(tmp_path / "kept")!r})
        print(losses(history), fitted.head.weight.sum().item())
    """), tmp_path / "log"  # fmt: skip
    first = subprocess.Popen([sys.executable, path, "slow"])
    deadline = time.time() + 60
    while not log.exists() and time.time() < deadline:
        time.sleep(0.05)
    others = [subprocess.Popen([sys.executable, path], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    time.sleep(2)
    assert log.read_text() == "one " and all(process.poll() is None for process in others)
    first.kill()
    first.wait()
    said = [process.communicate(timeout=120)[0] for process in others]
    assert log.read_text() == "one one " and said[0] == said[1] != ""
    assert len(list((tmp_path / "kept").glob("*.safetensors"))) == 1


def test_where_nothing_can_be_kept_the_trained_model_is_returned_and_a_warning_comes_first(tmp_path):
    (tmp_path / "file").touch()
    said = []

    def fit(model):
        said.extend(str(warning.message) for warning in caught)
        nn.init.ones_(model.weight)
        return [{"loss": 1.0}]

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted, history = cached(lambda: nn.Linear(2, 1), fit, tmp_path / "file" / "models")
    assert "the model is trained, but not kept: nothing can be kept in" in said[0]
    assert fitted.weight.tolist() == [[1, 1]] and history == [{"loss": 1.0}]
    kept = {"text": "a text"}

    def opens(model):
        kept["text"] = open(__file__)  # noqa: SIM115
        return []

    for fit in (lambda model: [object()], opens):  # a history that is no JSON; a variable that cannot be told
        with pytest.warns(UserWarning, match="the model is trained, but not kept in .*: .*cannot be "):
            assert cached(lambda: nn.Linear(2, 1), fit, tmp_path / "models")[0].weight.shape == (1, 2)
    kept["text"].close()


def test_a_checkpoint_folder_that_cannot_be_written_is_refused_before_the_first_step(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="nothing can be kept in .*; name a folder that can be written"):
        train(model(), lambda step: 1 / 0, loss, 3, checkpoint=tmp_path / "file" / "kept", progress=False)


def test_every_notebook_of_a_book_finds_the_same_models(tmp_path, monkeypatch):
    (tmp_path / "_toc.yml").touch()
    for place in ("notebooks/ro", "notebooks/en", "_build/solved/ro", "_build/site/ro/notebooks/ro"):
        (tmp_path / place).mkdir(parents=True)
        if "site" in place:
            (tmp_path / "_build/site/ro/_toc.yml").touch()
        monkeypatch.chdir(tmp_path / place)
        cached(model, lambda model: train(model, batches, loss, 1, progress=False))
    assert len(list((tmp_path / "_build/models").glob("*.safetensors"))) == 1
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
