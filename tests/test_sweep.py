"""Sweeps: nothing is run twice or lost, the same on a cluster, and verdicts follow the stated rule."""

import dataclasses
import importlib
import io
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
from diffattn_mini.lab.experiments.sabotage import sabotaged
from diffattn_mini.lab.experiments.sentences import bigram
from diffattn_mini.lab.experiments.sweep import RESULTS
from diffattn_mini.lab.experiments.verdict import choose_rates, show
from diffattn_mini.lab.tasks import DelayedRecall, Retrieval


def measured(arm, seed, rate, part, folder, fails=""):
    """Leaves a file for every time it runs. The middle rate is the best, on either part."""
    (Path(folder) / f"{part} {arm} {rate} {seed} {time.time_ns()}").touch()
    if arm == fails:
        raise RuntimeError("as asked")
    grows = {"standard": 1, "diff": 1.5}[arm]
    return {"score": grows - abs(rate - 0.2) + 0.01 * seed**grows}


@pytest.fixture
def experiment(tmp_path):
    (tmp_path / "runs").mkdir()
    return Experiment("toy", measured, ("standard", "diff"), "score", {"ro": "", "en": ""}, rates=(0.1, 0.2, 0.4),
                      seeds=(0, 1, 2, 3), validation=(8, 9), settings={"folder": str(tmp_path / "runs")})  # fmt: skip


WHOLE = 2 * 3 * 2 + 2 * 4  # every rate on the validation seeds, then the chosen one on the seeds that count


def run(experiment, tmp_path, **options):
    path = sweep(experiment, jobs=1, output=tmp_path / "results", progress=False, **options)
    return json.loads(path.read_text()), len(list((tmp_path / "runs").iterdir()))


def kept_records(folder):
    return [line for path in (folder / "results/unfinished").glob("*.jsonl") for line in path.read_text().splitlines()]


def test_rates_are_chosen_on_validation_seeds_and_the_test_data_is_looked_at_at_that_rate_alone(experiment, tmp_path):
    result, runs = run(experiment, tmp_path)
    assert runs == WHOLE and not (tmp_path / "results/unfinished").exists()
    jobs = [(r["part"], r["arm"], r["rate"], r["seed"]) for r in result["records"]]
    assert sorted(jobs) == sorted(
        [("validation", arm, rate, seed) for arm in ("standard", "diff") for rate in (0.1, 0.2, 0.4) for seed in (8, 9)]
        + [("test", arm, 0.2, seed) for arm in ("standard", "diff") for seed in range(4)]
    )
    assert result["command"] == "python -m diffattn_mini.lab.experiments run toy --seeds 0 1 2 3"
    assert result["versions"]["torch"] == torch.__version__ and result["commit"] and result["processor"]
    assert stored("toy", tmp_path / "results") == result


def test_without_validation_seeds_every_rate_is_run_and_the_result_says_so(experiment, tmp_path):
    result, runs = run(dataclasses.replace(experiment, validation=()), tmp_path)
    assert runs == 2 * 3 * 4 and {r["part"] for r in result["records"]} == {"test"} and result["validation"] == []
    text = io.StringIO()
    show(result, text)
    assert "rates chosen on the seeds that are shown" in text.getvalue()


def test_a_plan_that_compares_too_much_or_mixes_its_seeds_is_refused(experiment):
    for change, message in (
        ({"arms": tuple("abcdefg"), "compared": tuple("bcdefg")}, "6 arms are compared"),
        ({"compared": ("cog",)}, "'cog'.*cannot be compared"),
        ({"validation": (3, 4)}, r"the seeds \[3\] serve both"),
        ({"test": "count"}, "give success"),
        ({"test": "u"}, "choose test from"),
    ):
        with pytest.raises(ValueError, match=message):
            dataclasses.replace(experiment, **{"compared": None} | change)


def test_a_sweep_whose_process_is_killed_goes_on_where_it_was_and_a_finished_one_runs_nothing(experiment, tmp_path):
    script = textwrap.dedent(f"""
        import dataclasses, sys, time
        from pathlib import Path
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        import test_sweep as t

        def slow(**job):
            time.sleep(0.4)
            return t.measured(**job)

        folder = Path({str(tmp_path)!r})
        toy = t.Experiment("toy", slow, ("standard", "diff"), "score", dict(ro="", en=""), rates=(0.1, 0.2, 0.4),
                           seeds=(0, 1, 2, 3), validation=(8, 9), settings=dict(folder=str(folder / "runs")))
        t.sweep(toy, jobs=1, output=folder / "results", progress=False)
    """)
    process = subprocess.Popen([sys.executable, "-c", script], env=os.environ | {"OMP_NUM_THREADS": "1"})
    deadline = time.time() + 60
    while len(kept_records(tmp_path)) < 3 and time.time() < deadline:
        time.sleep(0.05)
    process.kill()
    process.wait()
    before = len(kept_records(tmp_path))
    started = len(list((tmp_path / "runs").iterdir()))
    assert 3 <= before < WHOLE and not (tmp_path / "results/toy.json").exists()
    [kept] = (tmp_path / "results/unfinished").iterdir()
    kept.write_bytes(kept.read_bytes() + b'{"part": "test", "ar')  # killed in the middle of a record
    result, runs = run(experiment, tmp_path)
    assert len(result["records"]) == WHOLE and runs == started + WHOLE - before
    assert run(experiment, tmp_path)[1] == runs


def test_records_of_other_settings_are_not_taken_up(experiment, tmp_path):
    run(experiment, tmp_path)
    other = dataclasses.replace(experiment, settings=experiment.settings | {"fails": "nobody"})
    assert run(other, tmp_path)[1] == 2 * WHOLE


def test_more_seeds_run_alone_and_every_record_keeps_its_commit(experiment, tmp_path, monkeypatch):
    module = sys.modules["diffattn_mini.lab.experiments.sweep"]
    monkeypatch.setattr(module, "_commit", lambda: "old")
    before, _ = run(experiment, tmp_path)
    monkeypatch.setattr(module, "_commit", lambda: "new")
    more = dataclasses.replace(experiment, seeds=(0, 1, 2, 3, 4))
    result, runs = run(more, tmp_path)
    assert runs == WHOLE + 2
    assert [r for r in result["records"] if r["commit"] == "old"] == before["records"]
    assert {(r["seed"], r["commit"]) for r in result["records"] if r["part"] == "test"} == {
        *((seed, "old") for seed in range(4)), (4, "new")}  # fmt: skip
    monkeypatch.setattr(Experiment, "fingerprint", lambda self: f"another version, {len(self.settings)} settings")
    assert run(more, tmp_path, extend=True)[1] == runs
    other = dataclasses.replace(more, settings=experiment.settings | {"fails": "nobody"})
    assert run(other, tmp_path, extend=True)[1] == runs + WHOLE + 2


def test_the_fingerprint_changes_with_what_a_run_imports_and_with_nothing_else(monkeypatch):
    """The code that is not imported, comments, docstrings and layout may change; a formula may not."""
    plan = importlib.import_module("diffattn_mini.lab.experiments.plan")
    names = {name: {str(p.relative_to(plan.PACKAGE)) for p in plan.imported(e.run.__module__)}
             for name, e in experiments().items()}  # fmt: skip
    assert {"lab/training.py", "lab/tasks/digits.py", "attention/forms.py", "arrays.py"} <= names["digits"]
    others = {"lab/tasks/translation.py", "models/recurrent.py", "lab/experiments/sweep.py", "plots.py"}
    assert not others & names["digits"]
    assert "models/recurrent.py" in names["translation"] and "lab/training.py" not in names["amplifier"]

    digits, text = experiments()["digits"], Path.read_text
    before = digits.fingerprint()

    def changed(name, old, new):
        def read(self, *words, **more):
            found = text(self, *words, **more)
            assert self.name != name or old in found
            return found.replace(old, new) if self.name == name else found

        monkeypatch.setattr(Path, "read_text", read)
        return digits.fingerprint()

    assert changed("training.py", "    history: History = []\n", "    # why\n    history:   History = []\n") == before
    assert changed("training.py", '"""Train a model in place', '"""Trains a model in place') == before
    assert changed("translation.py", "import", "import  ") == before
    assert changed("training.py", "0.98", "0.99") != before


def test_a_run_that_fails_is_kept_with_its_error_and_tried_again_next_time(experiment, tmp_path):
    broken = dataclasses.replace(experiment, settings=experiment.settings | {"fails": "diff"})
    result, runs = run(broken, tmp_path)
    errors = [r for r in result["records"] if "error" in r]
    assert runs == 2 * 3 * 2 + 4 and len(errors) == 6 and {r["arm"] for r in errors} == {"diff"}
    assert errors[0]["error"] == "RuntimeError: as asked"
    rows = summarise(result)
    assert [(row["arm"], row["n"], row["failed"]) for row in rows] == [("standard", 4, 0), ("diff", 0, 4)]
    assert run(broken, tmp_path)[1] == runs + 6


@pytest.mark.parametrize("fails", ["standard", "diff"])
def test_a_failed_arm_a_nan_or_a_numpy_number_never_brings_a_summary_down(experiment, tmp_path, fails):
    def odd(arm, seed, rate, part, folder):
        if arm == fails and seed == 2:
            return {"score": np.float32("nan"), "parameters": np.int64(3)}
        return {"score": np.float32(seed), "curve": np.arange(3.0), "size": torch.tensor(1.5), "parameters": 3}

    result, _ = run(dataclasses.replace(experiment, run=odd), tmp_path)
    text = (tmp_path / "results/toy.json").read_text()
    assert "NaN" not in text and result["records"][-1]["curve"] == [0, 1, 2] and result["records"][-1]["size"] == 1.5
    rows = {row["arm"]: row for row in summarise(result)}
    assert rows[fails]["failed"] == 1 and rows["diff"].get("verdict") is None
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")  # a terminal that knows no "±"
    show(result, stream)
    stream.seek(0)
    assert "1 failed" in stream.read()


def test_a_full_disk_leaves_the_stored_result_and_the_records(experiment, tmp_path, monkeypatch):
    before, runs = run(experiment, tmp_path)
    more = dataclasses.replace(experiment, seeds=(0, 1, 2, 3, 4))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space left"):
        run(more, tmp_path)
    monkeypatch.undo()
    assert stored("toy", tmp_path / "results") == before
    assert sorted(path.name for path in (tmp_path / "results").iterdir()) == ["toy.json", "unfinished"]
    assert run(more, tmp_path)[1] == runs + 2


def test_a_folder_that_cannot_be_written_is_found_out_before_anything_is_run(experiment, tmp_path):
    (tmp_path / "results").write_text("a file, not a folder")
    with pytest.raises(OSError):
        run(experiment, tmp_path)
    assert not list((tmp_path / "runs").iterdir())


def test_a_cluster_gives_the_same_records(experiment, tmp_path):
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        result, runs = run(experiment, tmp_path, dask=cluster.scheduler_address)
        words = ["run", "amplifier", "--seeds", "0", "--dask", cluster.scheduler_address, "--output", str(tmp_path)]
        subprocess.run([sys.executable, "-m", "diffattn_mini.lab.experiments", *words], check=True, capture_output=True)
    assert len(stored("amplifier", tmp_path)["records"]) == 6
    here, _ = run(dataclasses.replace(experiment, name="here"), tmp_path)
    assert runs == WHOLE
    assert [(r["arm"], r["score"]) for r in result["records"]] == [(r["arm"], r["score"]) for r in here["records"]]


# Verdicts


def made(scores, **plan):
    """A result with these scores, {arm: one a seed}, at one rate."""
    records = [{"part": "test", "arm": arm, "rate": 1, "seed": seed, "score": value}
               for arm, values in scores.items() for seed, value in enumerate(values)]  # fmt: skip
    n = len(next(iter(scores.values())))
    return {"name": "made", "records": records, "metric": "score", "larger": True, "arms": list(scores), "rates": [1],
            "seeds": list(range(n)), "validation": [], "test": "t", "success": None, "margin": None,
            "compared": list(scores)[1:]} | plan  # fmt: skip


@pytest.mark.parametrize("larger", [True, False])
def test_verdicts_are_paired_t_tests_with_holms_correction(larger):
    """Against scipy's own t and interval, and Holm's rule written out for three arms."""
    rng = np.random.default_rng(0)
    base = rng.normal(size=10)
    scores = {"standard": base, "up": base + 0.4 + 0.1 * rng.normal(size=10), "same": rng.permutation(base),
              "down": base - 1 + 0.5 * rng.normal(size=10), "shown": base + 9}  # fmt: skip
    result = made(scores, larger=larger, compared=["up", "same", "down"])
    rows = {row["arm"]: row for row in summarise(result)}
    p = {arm: stats.ttest_rel(scores[arm], base).pvalue for arm in result["compared"]}
    interval = stats.ttest_rel(scores["up"], base).confidence_interval()
    assert (rows["up"]["low"], rows["up"]["high"]) == pytest.approx((interval.low, interval.high))
    assert {arm: rows[arm]["p"] for arm in p} == pytest.approx(p)
    first, second, third = sorted(p, key=p.get)
    assert rows[first]["p_holm"] == pytest.approx(3 * p[first])
    assert rows[second]["p_holm"] == pytest.approx(max(3 * p[first], 2 * p[second]))
    assert rows[third]["p_holm"] == pytest.approx(max(rows[second]["p_holm"], p[third]))
    better, worse = ("win", "loss") if larger else ("loss", "win")
    found = [rows[arm]["verdict"] for arm in ("up", "down", "same")]
    assert found == [better, worse, "no difference seen"] and "verdict" not in rows["shown"]
    assert "verdict" not in rows["standard"]


def test_true_ties_are_called_wins_or_losses_no_more_often_than_promised():
    """Four hundred experiments without any difference, each with four arms: at most 5 % may have a verdict at all."""
    rng = np.random.default_rng(1)
    wrong = 0
    for _ in range(400):
        shared = rng.normal(size=5)
        rows = summarise(made({arm: shared + rng.normal(size=5) for arm in "abcde"}))
        wrong += any(row.get("verdict") in ("win", "loss") for row in rows)
    assert stats.binomtest(wrong, 400, 0.05, alternative="greater").pvalue > 0.01


def test_a_tie_needs_a_margin_that_holds_the_interval():
    rng = np.random.default_rng(2)
    base = rng.normal(size=10)
    scores = {"standard": base, "near": base + 0.001 * rng.normal(size=10)}
    assert summarise(made(scores))[1]["verdict"] == "no difference seen"
    assert summarise(made(scores, margin=0.01))[1]["verdict"] == "tie"
    assert summarise(made(scores, margin=1e-5))[1]["verdict"] == "no difference seen"


def test_sign_flips_and_counts_are_the_exact_ones():
    base = np.zeros(6)
    flips = summarise(made({"standard": base, "up": base + [1, 2, 3, 4, 5, 6]}, test="sign-flip"))[1]
    assert flips["p"] == pytest.approx(2 / 2**6)  # of 64 choices of signs two are as far out
    scores = {"standard": [0.1, 0.2, 0.1, 0.9, 0.1], "up": [1.0, 0.9, 0.95, 1.0, 0.92]}
    row = summarise(made(scores, test="count", success=0.9))[1]
    assert row["successes"] == 5 and row["p"] == pytest.approx(stats.fisher_exact([[5, 0], [1, 4]]).pvalue)


def test_other_metrics_and_other_controls_are_shown_with_intervals_and_without_verdicts():
    scores = {"standard": [1.0, 2.0, 3.0], "up": [2.0, 3.5, 4.0]}
    result = made(scores)
    for record in result["records"]:
        record["other"] = -record["score"]
    other = summarise(result, "other")[1]
    assert other["difference"] == pytest.approx(-7 / 6) and other["low"] < other["high"] and "verdict" not in other
    turned = summarise(result, control="up")[0]
    assert turned["difference"] == pytest.approx(-7 / 6) and "verdict" not in turned


def test_a_rate_at_which_a_seed_did_not_reach_the_metric_does_not_stand_for_its_arm():
    records = [{"part": "test", "arm": arm, "rate": rate, "seed": seed,
                "score": None if (rate, seed) == (1, 0) else 10 * rate + seed}
               for arm in ("standard", "diff") for rate in (1, 2) for seed in range(3)]  # fmt: skip
    rows = summarise(made({"standard": [0, 0, 0], "diff": [0, 0, 0]}, records=records, larger=False, rates=[1, 2]))
    assert [(row["arm"], row["rate"], row["mean"], row["edge"]) for row in rows] == [
        ("standard", 2, 21, True), ("diff", 2, 21, True)]  # fmt: skip


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


def test_delayed_recall_may_be_of_one_alphabet():
    texts, answers = DelayedRecall(delay=5, n_noise=0).batch(200, 0)
    assert torch.equal(texts[:, 0], answers) and (texts[:, -1] == 8).all()
    assert set(texts[:, 1:-1].flatten().tolist()) == set(range(8))


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


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.99, 1.0])
def test_the_amplifier_gains_what_the_moments_of_a_normal_number_say(rho):
    """Of e to a normal score, E[a1 a2] / E[a2 a2] is e to (rho - 1); what is left then follows from lambda alone."""
    sizes = {"length": 20_000, "rows": 50, "answer": 3.0}
    alone, pair = (amplify(arm, 0, 0.0, "test", lam=0.8, **sizes) for arm in ("alone", f"rho={rho}"))
    slope = math.exp(rho - 1)
    assert pair["best_lambda"] == pytest.approx(slope, rel=0.03)
    left = 1 - 2 * 0.8 * slope + 0.8**2
    signal = 20 * math.log10(1 - 0.8 / math.exp(3))
    assert pair["snr_db"] - alone["snr_db"] == pytest.approx(signal - 10 * math.log10(left), abs=0.15)


def test_a_bigram_is_counts_mixed_with_how_often_words_occur():
    lesson = [(torch.tensor([[0, 1, 0]]), torch.tensor([[1, 0, 2]]))]  # 0 1 0 2: after 0 come 1 and 2, after 1 comes 0
    weights = bigram(lesson, 3, prior=2.0)(torch.tensor([[0, 1, 2]]))[0].exp()
    expected = [[2 / 3 / 4, (1 + 2 / 3) / 4, (1 + 2 / 3) / 4], [(1 + 2 / 3) / 3, 2 / 9, 2 / 9], [1 / 3, 1 / 3, 1 / 3]]
    np.testing.assert_allclose(weights, expected, atol=1e-3)


# The experiments of the book, each run for two steps


SMALL = {"steps": 2, "more": 2, "texts": 4, "orders": 2, "tests": 4, "length": 16, "lengths": [1, 3], "delays": [5, 50]}


@pytest.mark.parametrize("name", sorted(set(experiments()) - {"amplifier", "sabotage"}))
def test_every_experiment_measures_its_metric_for_every_arm_of_equal_size(name):
    experiment = experiments()[name]
    settings = {key: SMALL.get(key, value) for key, value in experiment.settings.items()}
    if "bound" in settings:  # pairs are tested at the lengths that the metric names
        settings["lengths"] = [int(experiment.metric.split("_")[1])]
    if name == "needles":
        settings["lengths"] = [16]  # with room for the eight pairs that are asked for
    if name == "needle-beyond":
        settings["lengths"] = [32]
    if name == "chains":
        settings["lengths"] = [128]
    sizes = {}
    for arm in experiment.arms:
        record = experiment.run(arm=arm, seed=0, rate=experiment.rates[0], part="test", **settings)
        assert math.isfinite(record[experiment.metric]), arm
        sizes[arm] = record["parameters"]
        keeps_none = name == "needle-beyond" or (name.startswith("robustness") and arm == "diff2")
        if arm in ("diff", "diff2") and experiment.validation and not keeps_none:
            lambdas = np.ravel(record["lambdas"])
            assert len(lambdas) and ((lambdas > 0) & (lambdas < 1.5)).all()
        json.dumps(record)
    other = ("rnn", "gru", "lstm", "gru+attention", "bigram", "heads not halved")
    alike = [size for arm, size in sizes.items() if arm not in other]
    assert max(alike) / min(alike) < 1.06, sizes


def test_every_sabotaged_model_has_the_size_of_the_whole_one():
    experiment = experiments()["sabotage"]
    sizes = {sum(p.numel() for p in sabotaged(arm, 30).parameters()) for arm in experiment.arms}
    assert len(sizes) == 1
    records = {arm: experiment.run(arm, 0, 1e-3, "test", steps=10, length=48, texts=2) for arm in experiment.arms}
    assert all(math.isfinite(record["loss"]) and len(record["used"]) == 1 for record in records.values())
    assert records["cache"]["train"] == records["whole"]["train"]  # a fault of use alone
    assert len({record["loss"] for record in records.values()}) == len(records)


@pytest.mark.parametrize("name", sorted(name for name, e in experiments().items() if e.validation))
def test_rates_are_chosen_on_data_that_the_test_never_sees(name):
    """The same model, with the same seed and rate, is measured on other data."""
    experiment = experiments()[name]
    settings = {key: SMALL.get(key, value) for key, value in experiment.settings.items()} | {"steps": 2}
    if "bound" in settings:
        settings["lengths"] = [int(experiment.metric.split("_")[1])]
    if name in ("needle-beyond", "chains"):
        settings |= {"texts": 512, "lengths": [32]}  # of few texts both parts give as many right answers
    two = [experiment.run(arm=experiment.arms[-1], seed=0, rate=1e-3, part=part, **settings)
           for part in ("validation", "test")]  # fmt: skip
    assert two[0] != two[1] and two[0]["parameters"] == two[1]["parameters"]


def test_every_experiment_is_stored():
    assert {name for name in experiments() if not (RESULTS / f"{name}.json").exists()} == set()


@pytest.mark.parametrize("name", sorted(experiments()))
def test_what_is_stored_is_what_its_experiment_would_run(name):
    experiment, result = experiments()[name], stored(name)
    described = experiment.described()
    assert {key: result[key] for key in described} == described
    done = [(r["part"], r["arm"], r["rate"], r["seed"]) for r in result["records"] if "error" not in r]
    assert sorted(done) == sorted([*experiment.choosing(), *experiment.counting(choose_rates(result))])
    assert len(experiment.seeds) >= (10 if experiment.validation else 5)
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
