"""Run an experiment: the rates on validation data, then what counts; keep every record."""

import json
import math
import os
import platform
import shlex
import subprocess
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from .plan import PACKAGE, Experiment, Job, Record
from .verdict import choose_rates

INSTALLED = PACKAGE / "results"  # where an installed package has them; the book's own folder has book/results
RESULTS = INSTALLED if INSTALLED.is_dir() else PACKAGE.parent / "book" / "results"
UNFINISHED = "unfinished"  # the folder, beside the results, of records whose sweep has not ended


def sweep(
    experiment: Experiment,
    jobs: int | None = None,
    dask: str | None = None,
    output: str | Path = RESULTS,
    progress: bool = True,
    extend: bool = False,
) -> Path:
    """Run what has not been run yet, and write the stored result, NAME.json.

    First every rate on the validation seeds, where the experiment has some; then each arm at its chosen rate on the
    seeds that count. jobs: processes of this machine, by default one a processor; dask: the address of a cluster
    instead. Every record is kept in output/unfinished the moment it is there, so that a sweep that is killed goes on
    where it was, here or on another machine that the file is taken to; so does a stored result whose experiment got
    more seeds or rates. Records of other settings, or of code that does something else (see Experiment.fingerprint),
    are not taken up; extend: those of the stored result are, whatever its code did, where settings and libraries are
    the same. Every record names its commit. A run that fails leaves a record with its "error", and the others go on.
    Returns the path of the result. Raises OSError where it cannot be written, before anything is run where that can be
    seen; the old result and the records then stay as they were.
    """
    path = Path(output) / f"{experiment.name}.json"
    kept = Path(output) / UNFINISHED / f"{experiment.name}-{experiment.fingerprint()}.jsonl"
    kept.parent.mkdir(parents=True, exist_ok=True)
    records = _stored_records(experiment, path, extend) + _read(kept)
    where = provenance(experiment)
    with kept.open("a", encoding="utf-8") as file:
        for stage in ("validation", "test"):
            rates = choose_rates(experiment.described() | {"records": records})
            planned = experiment.counting(rates) if stage == "test" else experiment.choosing()
            done = {_job(r) for r in records if "error" not in r}
            todo = [job for job in planned if job not in done]
            runner = _on_cluster(experiment, todo, dask) if dask else _on_this_machine(experiment, todo, jobs)
            name = f"{experiment.name}, {stage}"
            for record in tqdm(runner, total=len(todo), desc=name, disable=not (progress and todo)):
                record["commit"] = where["commit"]
                file.write(json.dumps(record) + "\n")
                file.flush()
                os.fsync(file.fileno())
                records.append(record)
    write(path, _result(experiment, records, where))
    kept.unlink()
    if not any(kept.parent.iterdir()):
        kept.parent.rmdir()
    return path


def stored(name: str, folder: str | Path = RESULTS) -> dict[str, Any]:
    """A stored result, as sweep wrote it. Raises FileNotFoundError that says how to make it."""
    path = Path(folder) / f"{name}.json"
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there; make it: python -m diffattn_mini.lab.experiments run {name}")
    return json.loads(path.read_text(encoding="utf-8"))


# Running


def run_one(experiment: Experiment, part: str, arm: str, rate: float, seed: int) -> Record:
    """One record: the job, its seconds, and what run returned, or what went wrong."""
    import torch

    torch.set_num_threads(1)
    record: Record = {"part": part, "arm": arm, "rate": rate, "seed": seed}
    start = time.time()
    try:
        record |= plain(experiment.run(arm=arm, rate=rate, seed=seed, part=part, **experiment.settings))
    except Exception as error:
        record["error"] = f"{type(error).__name__}: {error}"
    return record | {"seconds": round(time.time() - start, 3)}


def plain(value: Any) -> Any:
    """What JSON can hold: numpy's and torch's numbers as Python's, None for one that is not finite."""
    if isinstance(value, dict):
        return {str(key): plain(x) for key, x in value.items()}
    if isinstance(value, list | tuple):
        return [plain(x) for x in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value


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


def _job(record: Record) -> Job:
    return record["part"], record["arm"], record["rate"], record["seed"]


def _stored_records(experiment: Experiment, path: Path, extend: bool) -> list[Record]:
    """The stored records that still hold: of the same fingerprint, or, to be extended, of the same settings."""
    if not path.exists():
        return []
    result, here = stored(experiment.name, path.parent), experiment.described() | provenance(experiment)
    same = ("settings", "metric", "versions") if extend else ("fingerprint", "versions")
    return [r for r in result["records"] if "error" not in r] if all(result[k] == here[k] for k in same) else []


def _result(experiment: Experiment, records: list[Record], where: dict[str, Any]) -> dict[str, Any]:
    """What is stored. Of a job that failed before and then did not, and of one run twice, the last record counts."""
    rates = choose_rates(experiment.described() | {"records": records})
    order = {job: i for i, job in enumerate([*experiment.choosing(), *experiment.counting(rates)])}
    latest = {_job(r): r for r in sorted(records, key=lambda r: "error" not in r)}
    records = [latest[job] for job in sorted(latest.keys() & order.keys(), key=order.__getitem__)]
    seeds = [] if experiment.seeds == known_seeds(experiment.name) else ["--seeds", *map(str, experiment.seeds)]
    return experiment.described() | {
        "command": shlex.join(["python", "-m", "diffattn_mini.lab.experiments", "run", experiment.name, *seeds]),
        **where,
        "seconds": round(sum(r["seconds"] for r in records), 1),
        "records": records,
    }


def known_seeds(name: str) -> tuple[int, ...]:
    """The seeds that the book's own experiment of that name has; none where there is none."""
    from . import experiments

    return experiments()[name].seeds if name in experiments() else ()


def provenance(experiment: Experiment | None = None) -> dict[str, Any]:
    """Of which code and commit, on which day, with which versions, on which processor."""
    import numpy
    import torch

    from ..bench import processor

    versions = {"python": platform.python_version(), "torch": torch.__version__, "numpy": numpy.__version__}
    code = {"fingerprint": experiment.fingerprint()} if experiment else {}
    return code | {"commit": _commit(), "date": datetime.now(UTC).date().isoformat(), "versions": versions,
            "processor": processor()}  # fmt: skip


def _commit() -> str:
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], capture_output=True, text=True, check=True,
                              cwd=Path(__file__).parent).stdout.strip()  # fmt: skip

    try:
        return git("rev-parse", "HEAD") + ("+changes" if git("status", "--porcelain", "--", "..") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


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
