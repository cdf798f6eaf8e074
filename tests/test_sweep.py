"""Sweeps: nothing is run twice or lost, the same on a cluster, and verdicts follow the stated rule."""

import dataclasses
import json
import math
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats

from diffattn_mini.attention.family import KINDS
from diffattn_mini.lab.experiments import Experiment, experiments, stored, summarise, sweep
from diffattn_mini.lab.experiments.amplifier import run as amplify
from diffattn_mini.lab.experiments.retrieval import Finder
from diffattn_mini.lab.experiments.sentences import bigram
from diffattn_mini.lab.tasks import DelayedRecall, Retrieval


def measured(arm, seed, rate, folder, fails=""):
    """Leaves a file for every time it runs."""
    (Path(folder) / f"{arm} {rate} {seed} {time.time_ns()}").touch()
    if arm == fails:
        raise RuntimeError("as asked")
    return {"score": {"standard": 1.0, "diff": 2.0}[arm] + rate + 0.01 * seed}


@pytest.fixture
def experiment(tmp_path):
    (tmp_path / "runs").mkdir()
    return Experiment("toy", measured, ("standard", "diff"), "score", {"ro": "", "en": ""}, rates=(0.1, 0.2),
                      seeds=(0, 1, 2), settings={"folder": str(tmp_path / "runs")})  # fmt: skip


def run(experiment, tmp_path, **options):
    path = sweep(experiment, jobs=1, output=tmp_path / "results", unfinished=tmp_path / "kept", progress=False,
                 **options)  # fmt: skip
    return json.loads(path.read_text()), len(list((tmp_path / "runs").iterdir()))


def test_a_sweep_runs_every_arm_rate_and_seed_once_and_says_how(experiment, tmp_path):
    result, runs = run(experiment, tmp_path)
    assert runs == 12 and len({(r["arm"], r["rate"], r["seed"]) for r in result["records"]}) == 12
    assert all(r["score"] == pytest.approx((r["arm"] == "diff") + 1 + r["rate"] + 0.01 * r["seed"])
               for r in result["records"])  # fmt: skip
    assert result["command"] == "python -m diffattn_mini.lab.experiments run toy --seeds 0 1 2"
    assert result["versions"]["torch"] == torch.__version__ and result["commit"] and result["processor"]
    assert stored("toy", tmp_path / "results") == result


def test_a_sweep_that_was_killed_goes_on_and_a_finished_one_runs_nothing(experiment, tmp_path):
    expected, _ = run(experiment, tmp_path)
    [kept] = (tmp_path / "kept").iterdir()
    lines = kept.read_bytes().split(b"\n")
    kept.write_bytes(b"\n".join(lines[:5]) + b"\n" + lines[5][:9])  # killed in the middle of its sixth record
    result, runs = run(experiment, tmp_path)
    assert runs == 12 + 7
    strip = [{key: value for key, value in r.items() if key != "seconds"} for r in result["records"]]
    assert strip == [{key: value for key, value in r.items() if key != "seconds"} for r in expected["records"]]
    assert run(experiment, tmp_path)[1] == 12 + 7


def test_a_sweep_whose_process_is_killed_keeps_what_it_had(experiment, tmp_path):
    script = textwrap.dedent(f"""
        import sys, time
        from pathlib import Path
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        import test_sweep as t

        def slow(**job):
            time.sleep(0.4)
            return t.measured(**job)

        folder = Path({str(tmp_path)!r})
        toy = t.Experiment("toy", slow, ("standard", "diff"), "score", dict(ro="", en=""), rates=(0.1, 0.2),
                           seeds=(0, 1, 2), settings=dict(folder=str(folder / "runs")))
        t.sweep(toy, jobs=1, output=folder / "results", unfinished=folder / "kept", progress=False)
    """)
    process = subprocess.Popen([sys.executable, "-c", script], env=os.environ | {"OMP_NUM_THREADS": "1"})
    deadline = time.time() + 60
    while len(kept_records(tmp_path)) < 3 and time.time() < deadline:
        time.sleep(0.05)
    process.kill()
    process.wait()
    before = len(kept_records(tmp_path))
    started = len(list((tmp_path / "runs").iterdir()))
    assert 3 <= before < 12 and not (tmp_path / "results").exists()
    result, runs = run(experiment, tmp_path)
    assert len(result["records"]) == 12 and runs == started + 12 - before


def kept_records(folder):
    return [line for path in (folder / "kept").glob("*.jsonl") for line in path.read_text().splitlines()]


def test_records_of_other_settings_are_not_taken_up(experiment, tmp_path):
    run(experiment, tmp_path)
    other = dataclasses.replace(experiment, settings=experiment.settings | {"fails": "nobody"})
    assert run(other, tmp_path)[1] == 24


def test_a_stored_result_can_be_extended_and_every_record_keeps_its_commit(experiment, tmp_path, monkeypatch):
    module = sys.modules["diffattn_mini.lab.experiments.sweep"]
    monkeypatch.setattr(module, "_commit", lambda: "old")
    before, _ = run(experiment, tmp_path)
    monkeypatch.setattr(module, "_commit", lambda: "new")
    monkeypatch.setattr(Experiment, "fingerprint", lambda self: f"another version, {len(self.settings)} settings")
    wider = dataclasses.replace(experiment, rates=(0.1, 0.2, 0.4))
    result, runs = run(wider, tmp_path, extend=True)
    assert runs == 12 + 6 and result["rates"] == [0.1, 0.2, 0.4]
    assert {(r["rate"], r["commit"]) for r in result["records"]} == {(0.1, "old"), (0.2, "old"), (0.4, "new")}
    old = [r for r in result["records"] if r["commit"] == "old"]
    assert old == before["records"] and len(result["records"]) == 18
    other = dataclasses.replace(wider, settings=experiment.settings | {"fails": "nobody"})
    assert run(other, tmp_path, extend=True)[1] == 18 + 18


def test_a_run_that_fails_is_kept_with_its_error_and_tried_again_next_time(experiment, tmp_path):
    broken = dataclasses.replace(experiment, settings=experiment.settings | {"fails": "diff"})
    result, _ = run(broken, tmp_path)
    errors = [r for r in result["records"] if "error" in r]
    assert len(errors) == 6 and {r["arm"] for r in errors} == {"diff"}
    assert errors[0]["error"] == "RuntimeError: as asked"
    assert [row["arm"] for row in summarise(result)] == ["standard"]
    assert run(broken, tmp_path)[1] == 12 + 6


def test_a_full_disk_leaves_the_stored_result_and_the_records(experiment, tmp_path, monkeypatch):
    before, _ = run(experiment, tmp_path)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space left"):
        run(experiment, tmp_path)
    monkeypatch.undo()
    assert stored("toy", tmp_path / "results") == before
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["toy.json"]
    assert run(experiment, tmp_path)[1] == 12


def test_a_cluster_gives_the_same_records(experiment, tmp_path):
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        result, runs = run(experiment, tmp_path, dask=cluster.scheduler_address)
        words = ["run", "amplifier", "--seeds", "0", "--dask", cluster.scheduler_address, "--output", str(tmp_path)]
        subprocess.run([sys.executable, "-m", "diffattn_mini.lab.experiments", *words], check=True, capture_output=True)
    assert len(stored("amplifier", tmp_path)["records"]) == 6
    here, _ = run(dataclasses.replace(experiment, name="here"), tmp_path)
    assert runs == 12
    assert [(r["arm"], r["score"]) for r in result["records"]] == [(r["arm"], r["score"]) for r in here["records"]]


@pytest.mark.parametrize("larger", [True, False])
def test_verdicts_follow_the_rule(larger):
    """Against the paired t statistic of scipy; ties are ties whatever their sign."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=5)
    scores = {"standard": noise, "up": noise + 1 + 0.1 * rng.normal(size=5), "down": noise - 1, "same": noise[::-1]}
    records = [{"arm": arm, "rate": rate, "seed": seed, "score": values[seed] - (rate == 2) * (10 if larger else -10)}
               for arm, values in scores.items() for rate in (1, 2) for seed in range(5)]  # fmt: skip
    result = {"records": records, "metric": "score", "larger": larger, "arms": list(scores), "rates": [1, 2],
              "seeds": list(range(5))}  # fmt: skip
    rows = {row["arm"]: row for row in summarise(result)}
    assert all(row["rate"] == 1 for row in rows.values())  # the other rate is far worse
    t = stats.ttest_rel(scores["up"], scores["standard"]).statistic
    assert rows["up"]["difference"] / rows["up"]["error"] == pytest.approx(t)
    better, worse = ("win", "loss") if larger else ("loss", "win")
    assert (rows["up"]["verdict"], rows["down"]["verdict"], rows["same"]["verdict"]) == (better, worse, "tie")
    assert rows["standard"]["deviation"] == pytest.approx(np.std(noise, ddof=1)) and "verdict" not in rows["standard"]


def test_a_rate_at_which_a_seed_did_not_reach_the_metric_does_not_stand_for_its_arm():
    records = [{"arm": arm, "rate": rate, "seed": seed, "steps": None if (rate, seed) == (1, 0) else 10 * rate + seed}
               for arm in ("standard", "diff") for rate in (1, 2) for seed in range(3)]  # fmt: skip
    result = {"records": records, "metric": "steps", "larger": False, "arms": ["standard", "diff"], "rates": [1, 2],
              "seeds": [0, 1, 2]}  # fmt: skip
    rows = summarise(result)
    assert [(row["arm"], row["rate"], row["mean"]) for row in rows] == [("standard", 2, 21), ("diff", 2, 21)]


def test_the_command_line_lists_runs_and_refuses(tmp_path):
    def command(*words):
        words = [sys.executable, "-m", "diffattn_mini.lab.experiments", *words]
        return subprocess.run(words, capture_output=True, text=True)

    listed = command("list")
    assert all(name in listed.stdout for name in experiments())
    done = command("run", "amplifier", "--seeds", "0", "--jobs", "1", "--output", str(tmp_path))
    assert done.returncode == 0 and "rho=0.99" in done.stdout
    result = stored("amplifier", tmp_path)
    assert result["seeds"] == [0] and result["command"].endswith("run amplifier --seeds 0")
    wrong = command("run", "amplifer")
    assert wrong.returncode == 1 and "choose from amplifier" in wrong.stderr and "Traceback" not in wrong.stderr


# The tasks, and what is run on them


@pytest.mark.parametrize("seed", range(3))
def test_every_asked_pair_stands_where_it_is_said_to_and_no_other_has_its_key(seed):
    task = Retrieval(length=20)
    batch = task.batch(16, seed)
    for keys, values, queries, answers, places in zip(*batch, strict=True):
        assert len(set(queries.tolist())) == task.n_asked
        for query, answer, place in zip(queries.tolist(), answers.tolist(), places.tolist(), strict=True):
            assert [i for i, key in enumerate(keys.tolist()) if key == query] == [place]
            assert values[place] == answer
        assert sum(key < task.n_keys for key in keys.tolist()) == task.n_asked
    assert all(torch.equal(a, b) for a, b in zip(batch, task.batch(16, seed), strict=True))
    assert not torch.equal(batch.keys, task.batch(16, seed + 1).keys)


def test_answers_and_places_are_spread_evenly():
    task = Retrieval(length=16)
    batch = task.batch(4000, 0)
    for x, n in ((batch.answers, task.n_values), (batch.places, 16), (batch.queries, task.n_keys)):
        counts = torch.bincount(x.flatten(), minlength=n)
        assert stats.chisquare(counts.numpy()).pvalue > 1e-4


def test_delayed_recall_asks_for_its_first_token():
    task = DelayedRecall(delay=5)
    texts, answers = task.batch(200, 0)
    assert texts.shape == (200, 7) and torch.equal(texts[:, 0], answers)
    assert set(answers.tolist()) == set(range(task.n_symbols))
    middle = texts[:, 1:-1]
    assert middle.min() == task.n_symbols and middle.max() == task.vocabulary - 2
    assert (texts[:, -1] == task.vocabulary - 1).all()
    assert torch.equal(texts, task.batch(200, 0)[0]) and not torch.equal(texts, task.batch(200, 1)[0])


@pytest.mark.parametrize("make", [lambda: Retrieval(n_asked=0), lambda: Retrieval(length=4, n_asked=5),
                                  lambda: DelayedRecall(-1)])  # fmt: skip
def test_sizes_that_leave_no_room_are_refused(make):
    with pytest.raises(ValueError, match=r"n_asked=|delay=-1"):
        make()


@pytest.mark.parametrize("kind", ["standard", "normed", "diff", "diff2"])
def test_bounded_scores_are_bounded(kind):
    torch.manual_seed(0)
    model, seen = Finder(Retrieval(), kind, 2.0, causal=False), []
    attend = model.attention.attend
    model.attention.attend = lambda q, k, *rest: seen.append((q, k)) or attend(q, k, *rest)
    model(*Retrieval().batch(4, 0)[:3])
    (q, k), d = seen[0], model.attention.head_dim
    for part in q.split(d, dim=-1):
        for other in k.split(d, dim=-1):
            scores = part @ other.mT / math.sqrt(d)
            assert scores.abs().max() <= 2 + 1e-5 and scores.abs().max() > 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_look_for_pairs(kind):
    model = Finder(Retrieval(), kind, None, causal=True)
    scores, weights = model(*Retrieval().batch(2, 0)[:3], return_weights=True)
    assert scores.shape == (2, 8, 32) and weights.shape[-2:] == (8, 64)


def test_the_amplifier_gives_the_share_of_its_formula():
    """At rho = 1 and lambda = 1 the noise cancels but for the two denominators; at lambda = 0 it is one softmax."""
    record = amplify("rho=1.0", 0, 0.0, length=64, rows=50, signal=3.0)
    rng = np.random.default_rng(0)
    first = rng.normal(size=(50, 64))
    first[:, 0] = 3
    e = np.exp(first)
    assert record["shares"][0] == pytest.approx((e[:, 0] / e.sum(1)).mean())
    assert record["gain"] == max(record["shares"]) - record["shares"][0] > 0.3


def test_a_bigram_is_counts_mixed_with_how_often_words_occur():
    lesson = [(torch.tensor([[0, 1, 0]]), torch.tensor([[1, 0, 2]]))]  # 0 1 0 2: after 0 come 1 and 2, after 1 comes 0
    weights = bigram(lesson, 3, prior=2.0)(torch.tensor([[0, 1, 2]]))[0].exp()
    expected = [[2 / 3 / 4, (1 + 2 / 3) / 4, (1 + 2 / 3) / 4], [(1 + 2 / 3) / 3, 2 / 9, 2 / 9], [1 / 3, 1 / 3, 1 / 3]]
    np.testing.assert_allclose(weights, expected, atol=1e-3)


# The experiments of the book, each run for two steps


SMALL = {"steps": 2, "more": 2, "texts": 4, "orders": 2, "tests": 4, "length": 16, "lengths": [1, 3], "delays": [5, 50]}


@pytest.mark.parametrize("name", sorted(set(experiments()) - {"amplifier"}))
def test_every_experiment_measures_its_metric_for_every_arm_of_equal_size(name):
    experiment = experiments()[name]
    settings = {key: SMALL.get(key, value) for key, value in experiment.settings.items()}
    if "bound" in settings:  # pairs are tested at the lengths that the metric names
        settings["lengths"] = [128, 256, 1024]
    sizes = {}
    for arm in experiment.arms:
        record = experiment.run(arm=arm, seed=0, rate=experiment.rates[0], **settings)
        assert math.isfinite(record[experiment.metric]), arm
        sizes[arm] = record["parameters"]
        json.dumps(record)
    alike = [size for arm, size in sizes.items() if arm not in ("rnn", "gru", "lstm", "gru+attention", "bigram")]
    assert max(alike) / min(alike) < 1.06, sizes


@pytest.mark.parametrize("name", sorted(experiments()))
def test_what_is_stored_is_what_its_experiment_would_run(name):
    experiment, result = experiments()[name], stored(name)
    described = json.loads(json.dumps({key: value for key, value in vars(experiment).items() if key != "run"}))
    assert {key: result[key] for key in described} == described
    done = [(r["arm"], r["rate"], r["seed"]) for r in result["records"] if experiment.metric in r]
    assert sorted(done) == sorted(experiment.jobs()) and len(experiment.seeds) >= 5
    assert result["command"].endswith(f"run {name}") and result["commit"] and result["versions"]


def test_the_big_run_gives_the_same_curve_on_two_processes(tmp_path):
    sizes = ["--steps", "3", "--batch", "4", "--length", "16", "--dim", "16"]
    command = ["-m", "diffattn_mini.lab.experiments.big", *sizes]
    curves = []
    for launcher in ([], ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]):
        folder = tmp_path / str(len(launcher))
        subprocess.run([sys.executable, *launcher, *command, "--output", folder, "--checkpoint", folder], check=True,
                       capture_output=True, timeout=180, env=os.environ | {"OMP_NUM_THREADS": "1"})  # fmt: skip
        before = (folder / "big-standard.json").read_bytes()
        result = json.loads(before)
        assert "--steps 3" in result["command"] and result["settings"]["rate"] == 0.004
        curves.append([record["loss"] for record in result["records"]] + [result["records"][-1]["new_text"]])
    assert curves[0] == pytest.approx(curves[1], abs=1e-5) and len(curves[0]) == 4

    def again(*options):
        words = [sys.executable, *command, "--output", folder, "--checkpoint", folder, *options]
        return subprocess.run(words, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})

    assert again().returncode == 0 and (folder / "big-standard.json").read_bytes() == before  # not restamped
    refused = again("--rate", "0.5")
    assert refused.returncode == 1 and "rate=0.5, and the run kept in" in refused.stderr
    assert (folder / "big-standard.json").read_bytes() == before
