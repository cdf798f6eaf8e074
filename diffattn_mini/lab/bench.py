"""How long a layer of attention takes, and how much memory: every form beside standard attention.

    python -m diffattn_mini.lab.bench [--sizes 128 256 ...] [--device cpu] [--threads 1 2] [--output book/results]

Measured is the whole layer (projections, attention, norm, output projection), forward and backward, causal, one text of
N tokens, width 256, eight standard heads. The arms take turns within a round, in a new order each round; the ratio to
standard attention is taken within the round, and the table gives its median and its quartiles, then the ratio of the
fastest passes, which other work on the machine disturbs least. The sizes take turns as well: a machine that is shared
is quick for some minutes and slow for others, and no size should be measured in one of them alone. Extra memory is what
torch's allocator holds at the height of a pass less what it held before: its own statistics on a GPU, every allocation
that the profiler sees on a CPU. With one thread the ratios tell what the arithmetic costs; with more, also how well
small operations share it.
"""

import argparse
import itertools
import json
import os
import platform
import random
import statistics
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..attention.diff_layers import DiffAttention, DiffAttentionV2
from ..attention.multi_head import MultiHeadAttention

DIM, HEADS = 256, 8
SIZES = [128, 256, 512, 1024, 2048, 4096, 8192]
ARMS = {
    "standard": lambda: MultiHeadAttention(DIM, HEADS),
    "auto": lambda: DiffAttention(DIM, HEADS // 2, form="auto"),
    "padded": lambda: DiffAttention(DIM, HEADS // 2, form="padded"),
    "maps": lambda: DiffAttention(DIM, HEADS // 2, form="maps"),
    "v2 auto": lambda: DiffAttentionV2(DIM, HEADS, HEADS // 2, form="auto"),
    "v2 padded": lambda: DiffAttentionV2(DIM, HEADS, HEADS // 2, form="padded"),
}
LARGEST_MAPS = 4096  # beyond, the form that holds its maps needs many gigabytes; the table says that it was not run
LABELS = {"standard": "standard", "auto": "V1, auto (blocked)", "padded": "V1, padded", "maps": "V1, maps (naive)",
          "v2 auto": "V2, auto (blocked up to 1024, then padded)", "v2 padded": "V2, padded"}  # fmt: skip


def run_pass(layer: nn.Module, x: torch.Tensor) -> None:
    """Forward and backward, the gradients thrown away."""
    layer(x).sum().backward()
    layer.zero_grad(set_to_none=True)
    x.grad = None
    if x.is_cuda:
        torch.cuda.synchronize()


def prepare(arm: str, size: int, device: str, dtype: torch.dtype) -> tuple[nn.Module, torch.Tensor]:
    torch.manual_seed(0)
    layer = ARMS[arm]().to(device, dtype)
    return layer, torch.randn(1, size, DIM, device=device, dtype=dtype, requires_grad=True)


def measure_times(arms: list[str], size: int, budget: float, device: str, dtype: torch.dtype) -> dict[str, list[float]]:
    """Seconds of each pass, in rounds: every arm once in each, in a random order.

    Two rounds warm up; the second tells how many more the budget, in seconds, has room for: 3 at least, 200 at most.
    """
    ready = {arm: prepare(arm, size, device, dtype) for arm in arms}
    seconds: dict[str, list[float]] = {arm: [] for arm in arms}
    order = random.Random(size)

    def go_round() -> None:
        for arm in order.sample(arms, len(arms)):
            start = time.perf_counter()
            run_pass(*ready[arm])
            seconds[arm].append(time.perf_counter() - start)

    go_round()
    go_round()
    for _ in range(min(200, max(3, int(budget / sum(values[1] for values in seconds.values()))))):
        go_round()
    return {arm: values[2:] for arm, values in seconds.items()}


def measure_memory(arm: str, size: int, device: str, dtype: torch.dtype) -> int:
    """Bytes that a pass holds at its height beyond the layer and its input."""
    layer, x = prepare(arm, size, device, dtype)
    run_pass(layer, x)
    if device != "cpu":
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        run_pass(layer, x)
        return torch.cuda.max_memory_allocated() - before
    with torch.profiler.profile(profile_memory=True) as profile:
        run_pass(layer, x)
    with tempfile.TemporaryDirectory() as folder:
        profile.export_chrome_trace(f"{folder}/trace.json")
        events = json.loads(Path(folder, "trace.json").read_text())["traceEvents"]
    steps = sorted((event["ts"], event["args"]["Bytes"]) for event in events if event["name"] == "[memory]")
    return max(itertools.accumulate(size for _, size in steps))


def measure(
    arms: list[str], size: int, threads: int, budget: float, device: str, dtype: str
) -> tuple[dict[str, list[float]], dict[str, int]]:
    """One turn of one size: the seconds of each pass, about `budget` in all, and the memory."""
    torch.set_num_threads(threads)
    torch.empty(2**23 - 2**12)  # bytes: just under 32 MB, at once freed; see record
    setting = device, getattr(torch, dtype)
    seconds = measure_times(arms, size, budget, *setting)
    return seconds, {arm: measure_memory(arm, size, *setting) for arm in arms}


def summarise(seconds: dict[str, list[float]], memory: dict[str, int]) -> list[dict[str, Any]]:
    rows = []
    for arm, values in seconds.items():
        ratios = [a / b for a, b in zip(values, seconds["standard"], strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4)
        rows.append({"arm": arm, "milliseconds": 1e3 * statistics.median(values), "ratio": middle, "low": low,
                     "high": high, "fastest": min(values) / min(seconds["standard"]),
                     "extra_megabytes": memory[arm] / 1e6, "rounds": len(values)})  # fmt: skip
    return rows


def as_table(results: dict[int, list[dict[str, Any]]]) -> str:
    """Markdown: for every arm and size the ratio with its quartiles, that of the fastest passes, the memory in MB."""
    lines = ["| form | " + " | ".join(f"N = {size}" for size in results) + " |", "|---" * (len(results) + 1) + "|"]
    for arm, label in LABELS.items():
        cells = []
        for rows in results.values():
            row = next((row for row in rows if row["arm"] == arm), None)
            cells.append("not run" if row is None else "{ratio:.2f} ({low:.2f}–{high:.2f}), fastest {fastest:.2f}, "
                                                       "{extra_megabytes:.1f} MB".format(**row))  # fmt: skip
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def save(path: Path, write: Any) -> None:
    """Write beside, then rename: whoever looks sees the old file or the new one, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=path.suffix)
    os.close(handle)
    try:
        write(temporary)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def processor() -> str:
    """What the machine calls its processor, or as much as is known."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16"])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="of a processor; a table for each")
    parser.add_argument("--turns", type=int, default=3, help="how many times each size is measured")
    parser.add_argument("--seconds", type=float, default=10, help="about so long for each size and turn")
    parser.add_argument("--output", type=Path, default=Path("book/results"))
    options = parser.parse_args()
    for threads in options.threads if options.device == "cpu" else options.threads[:1]:
        name = f"bench-{options.device}-{options.dtype}" + (f"-threads-{threads}" if options.device == "cpu" else "")
        keep(options.output / name, record(options, threads))


def record(options: argparse.Namespace, threads: int) -> dict[str, Any]:
    """All sizes with so many threads, and where and with what they were measured.

    Each turn of a size has a process of its own, and so have the naive maps, beside standard attention: what went
    before, free memory above all and the threads of the profiler, made the same layer up to one and a half times
    slower; and of two processes that do the same, one may be slower by a tenth. Each process first frees a tensor of
    32 MB, as any that has read a batch or a model has: from then on the allocator of glibc keeps freed memory, where
    before it gave some of it back after a pass and fetched it again, page by page, now in one layer and now in another.
    """
    together, apart = [arm for arm in ARMS if arm != "maps"], ["standard", "maps"]
    seconds = {size: [{arm: [] for arm in arms} for arms in (together, apart)] for size in options.sizes}
    results: dict[int, list[dict[str, Any]]] = {}
    for _, size in itertools.product(range(options.turns), options.sizes):
        rows: dict[str, dict[str, Any]] = {}
        for passes in seconds[size][: 2 if size <= LARGEST_MAPS else 1]:
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
                arguments = list(passes), size, threads, options.seconds, options.device, options.dtype
                turn, memory = process.submit(measure, *arguments).result()
            for arm, values in turn.items():
                passes[arm] += values
            rows = {row["arm"]: row for row in summarise(passes, memory)} | rows
        results[size] = [rows[arm] for arm in ARMS if arm in rows]
        print(f"N = {size}: " + ", ".join(f"{row['arm']} {row['ratio']:.2f}" for row in results[size]), flush=True)
    sizes = " ".join(map(str, options.sizes))
    command = f"python -m diffattn_mini.lab.bench --sizes {sizes} --device {options.device} --dtype {options.dtype}"
    where = torch.cuda.get_device_name() if options.device != "cpu" else processor()
    command += f" --threads {threads} --turns {options.turns} --seconds {options.seconds:g}"
    return {"command": command, "torch": torch.__version__, "python": platform.python_version(), "processor": where,
            "threads": threads, "dtype": options.dtype, "dim": DIM, "heads": HEADS, "results": results}  # fmt: skip


def keep(path: Path, record: dict[str, Any]) -> None:
    """The record and its table, beside each other."""
    text, table = json.dumps(record, indent=1) + "\n", as_table(record["results"])
    save(path.with_suffix(".json"), lambda temporary: Path(temporary).write_text(text))
    save(path.with_suffix(".md"), lambda temporary: Path(temporary).write_text(table + "\n", encoding="utf-8"))
    print(table)


if __name__ == "__main__":
    main()
