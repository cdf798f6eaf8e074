"""Run an experiment over arms, rates and seeds; keep every record; say who wins, and by how much beside the spread."""

import hashlib
import json
import math
import os
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

Record = dict[str, Any]
PACKAGE = Path(__file__).parents[2]
INSTALLED = PACKAGE / "results"  # where an installed package has them; the book's own folder has book/results
RESULTS = INSTALLED if INSTALLED.is_dir() else PACKAGE.parent / "book" / "results"
UNFINISHED = Path("_build/experiments")


@dataclass(frozen=True)
class Experiment:
    """What is run and over what.

    run(arm=, seed=, rate=, **settings) -> a dict of numbers (or lists of them). arms: what is compared; the others are
    held against the first. rates: learning rates, the same for every arm. seeds: the same data for every arm. metric:
    the number of the record that decides; larger: whether larger is better. describe: a sentence in each language.
    """

    name: str
    run: Callable[..., Record]
    arms: tuple[str, ...]
    metric: str
    describe: dict[str, str]
    rates: tuple[float, ...] = (1e-3, 3e-3, 5e-3)
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    settings: dict[str, Any] = field(default_factory=dict)
    larger: bool = True

    def jobs(self) -> list[tuple[str, float, int]]:
        return [(arm, rate, seed) for seed in self.seeds for rate in self.rates for arm in self.arms]

    def fingerprint(self) -> str:
        """Of everything that a record depends on but the arm, the rate and the seed: the settings and the package."""
        found = hashlib.sha256(json.dumps([self.name, self.settings], sort_keys=True).encode())
        for path in sorted(PACKAGE.rglob("*.py")):
            found.update(path.read_bytes())
        return found.hexdigest()[:16]


def sweep(
    experiment: Experiment,
    jobs: int | None = None,
    dask: str | None = None,
    output: str | Path = RESULTS,
    unfinished: str | Path = UNFINISHED,
    progress: bool = True,
    extend: bool = False,
) -> Path:
    """Run what has not been run yet, and write the stored result, NAME.json.

    jobs: processes of this machine, by default one a processor; dask: the address of a cluster instead. Every record is
    kept in the folder `unfinished` the moment it is there, so that a sweep that is killed goes on where it was; one of
    other settings or another version of the package is not taken up. extend: records of the stored result are, where
    settings and libraries are the same, whatever its version of the package: only new arms, rates and seeds are run
    then. Every record names the commit that it comes from. A run that fails leaves a record with its "error", and the
    others go on. Returns the path of the result. Raises OSError where it cannot be written; the old result and the
    records then stay as they were.
    """
    path = Path(output) / f"{experiment.name}.json"
    kept = Path(unfinished) / f"{experiment.name}-{experiment.fingerprint()}.jsonl"
    kept.parent.mkdir(parents=True, exist_ok=True)
    records = _read(kept)
    if extend:
        records = _stored_records(experiment, path, records) + records
    done = {(r["arm"], r["rate"], r["seed"]) for r in records if "error" not in r}
    todo = [job for job in experiment.jobs() if job not in done]
    started = time.time()
    runner = _on_cluster(experiment, todo, dask) if dask else _on_this_machine(experiment, todo, jobs)
    bar = tqdm(runner, total=len(todo), desc=experiment.name, disable=not progress)
    commit = provenance()["commit"]
    with kept.open("a", encoding="utf-8") as file:
        for record in bar:
            record["commit"] = commit
            file.write(json.dumps(record) + "\n")
            file.flush()
            os.fsync(file.fileno())
            records.append(record)
    write(path, _result(experiment, records, time.time() - started))
    return path


def stored(name: str, folder: str | Path = RESULTS) -> dict[str, Any]:
    """A stored result, as sweep wrote it. Raises FileNotFoundError that says how to make it."""
    path = Path(folder) / f"{name}.json"
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there; make it: python -m diffattn_mini.lab.experiments run {name}")
    return json.loads(path.read_text(encoding="utf-8"))


def summarise(result: dict[str, Any], metric: str | None = None) -> list[Record]:
    """One row an arm, best rate against best rate, and a verdict against the first arm.

    metric: by default the experiment's own; another has to be better in the same direction as that one.
    For every arm the rate with the best mean over the seeds is taken. "difference" is the mean over the seeds of the
    arm's number less the first arm's on the same seed, "error" its standard error. The verdict is "win" or "loss" where
    the difference is more than two standard errors from zero, else "tie"; the first arm has none. With five seeds the
    rule calls one true tie in nine a win or a loss, and the best rate is chosen on the seeds that are then reported.
    """
    metric = metric or result["metric"]
    better = max if result["larger"] else min
    best = {}
    for arm in result["arms"]:
        rates = {rate: _numbers(result["records"], arm, rate, metric) for rate in result["rates"]}
        rates = {rate: numbers for rate, numbers in rates.items() if len(numbers) == len(result["seeds"])}
        if rates:  # a rate at which a seed failed does not stand for its arm
            rate = better(rates, key=lambda rate: statistics.fmean(rates[rate].values()))
            best[arm] = rate, rates[rate]
    control = best[result["arms"][0]][1]
    rows = []
    for arm, (rate, numbers) in best.items():
        values = list(numbers.values())
        row = {"arm": arm, "rate": rate, "mean": statistics.fmean(values), "n": len(values),
               "deviation": statistics.stdev(values) if len(values) > 1 else math.nan}  # fmt: skip
        if numbers is not control:
            differences = [numbers[seed] - control[seed] for seed in numbers]
            error = statistics.stdev(differences) / math.sqrt(len(differences)) if len(differences) > 1 else math.inf
            mean = statistics.fmean(differences)
            sign = mean if result["larger"] else -mean
            row |= {"difference": mean, "error": error,
                    "verdict": "tie" if abs(mean) <= 2 * error else "win" if sign > 0 else "loss"}  # fmt: skip
        rows.append(row)
    return rows


# Running


def run_one(experiment: Experiment, arm: str, rate: float, seed: int) -> Record:
    """One record: the job, its seconds, and what run returned, or what went wrong."""
    import torch

    torch.set_num_threads(1)
    record: Record = {"arm": arm, "rate": rate, "seed": seed}
    start = time.time()
    try:
        record |= experiment.run(arm=arm, rate=rate, seed=seed, **experiment.settings)
    except Exception as error:
        record["error"] = f"{type(error).__name__}: {error}"
    return record | {"seconds": round(time.time() - start, 3)}


def _on_this_machine(experiment: Experiment, todo: list, jobs: int | None) -> Iterator[Record]:
    from joblib import Parallel, delayed

    jobs = jobs or os.cpu_count() or 1
    yield from Parallel(jobs, return_as="generator_unordered")(delayed(run_one)(experiment, *job) for job in todo)


def _on_cluster(experiment: Experiment, todo: list, address: str) -> Iterator[Record]:
    from distributed import Client, as_completed

    with Client(address) as client:
        futures = [client.submit(run_one, experiment, *job, pure=False) for job in todo]
        for future in as_completed(futures):
            yield future.result()


# Keeping


def _read(path: Path) -> list[Record]:
    """The records kept so far; a last line that a kill cut short is left out, and cut off the file."""
    if not path.exists():
        return []
    text = path.read_bytes()
    whole = text[: text.rfind(b"\n") + 1]
    if whole != text:
        path.write_bytes(whole)
    return [record for line in whole.decode().splitlines() if "error" not in (record := json.loads(line))]


def _stored_records(experiment: Experiment, path: Path, newer: list[Record]) -> list[Record]:
    """The stored records that are not among the newer ones; none of other settings, or other versions of torch."""
    if not path.exists():
        return []
    result = stored(experiment.name, path.parent)
    here = _described(experiment) | provenance()
    if any(result[key] != here[key] for key in ("settings", "metric", "versions")):
        return []
    done = {(r["arm"], r["rate"], r["seed"]) for r in newer}
    found = [r for r in result["records"] if (r["arm"], r["rate"], r["seed"]) not in done and "error" not in r]
    return [{"commit": result["commit"]} | record for record in found]


def _described(experiment: Experiment) -> dict[str, Any]:
    """Everything about it but the function, as it is stored."""
    return json.loads(json.dumps({key: value for key, value in asdict(experiment).items() if key != "run"}))


def _result(experiment: Experiment, records: list[Record], seconds: float) -> dict[str, Any]:
    order = {job: i for i, job in enumerate(experiment.jobs())}
    records = [r for r in records if (r["arm"], r["rate"], r["seed"]) in order]
    records.sort(key=lambda r: order[r["arm"], r["rate"], r["seed"]])
    seeds = [] if experiment.seeds == Experiment.seeds else ["--seeds", *map(str, experiment.seeds)]
    return _described(experiment) | {
        "command": shlex.join(["python", "-m", "diffattn_mini.lab.experiments", "run", experiment.name, *seeds]),
        "fingerprint": experiment.fingerprint(),
        **provenance(),
        "seconds": round(sum(r["seconds"] for r in records), 1),
        "records": records,
    }


def provenance() -> dict[str, Any]:
    """Of which commit, on which day, with which versions, on which processor."""
    import numpy
    import torch

    from ..bench import processor

    versions = {"python": platform.python_version(), "torch": torch.__version__, "numpy": numpy.__version__}
    return {"commit": _commit(), "date": datetime.now(UTC).date().isoformat(), "versions": versions,
            "processor": processor()}  # fmt: skip


def _commit() -> str:
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], capture_output=True, text=True, check=True,
                              cwd=Path(__file__).parent).stdout.strip()  # fmt: skip

    try:
        return git("rev-parse", "HEAD") + ("+changes" if git("status", "--porcelain", "--", "..") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _numbers(records: list[Record], arm: str, rate: float, metric: str) -> dict[int, float]:
    found = {r["seed"]: r.get(metric) for r in records if (r["arm"], r["rate"]) == (arm, rate)}
    return {seed: number for seed, number in found.items() if number is not None}


def write(path: Path, result: dict[str, Any]) -> None:
    """Write beside, then rename. Records one to a line, so that a difference between two versions can be read."""
    head = json.dumps({key: value for key, value in result.items() if key != "records"}, ensure_ascii=False, indent=1)
    lines = ",\n".join("  " + json.dumps(record) for record in result["records"])
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(head[:-2] + ',\n "records": [\n' + lines + "\n ]\n}\n")
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def show(result: dict[str, Any], file: Any = sys.stdout) -> None:
    """The summary as a table."""
    print(f"{result['name']}: {result['metric']}, best rate of each arm, {len(result['seeds'])} seeds", file=file)
    sizes = {record["arm"]: record.get("parameters") for record in result["records"]}
    for row in summarise(result):
        text = f"  {row['arm']:<12} {row['mean']:.4f} ± {row['deviation']:.4f}  (rate {row['rate']:g})"
        if sizes[row["arm"]]:
            text += f"  {sizes[row['arm']]} parameters"
        if "verdict" in row:
            text += f"  {row['difference']:+.4f} ± {row['error']:.4f}  {row['verdict']}"
        print(text, file=file)
    for record in result["records"]:
        if "error" in record:
            job = f"{record['arm']}, rate {record['rate']:g}, seed {record['seed']}"
            print(f"  failed: {job}: {record['error']}", file=file)
