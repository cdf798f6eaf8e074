"""From records to a verdict: paired differences, an interval, a test that was named beforehand, and Holm's correction.

The tests are those of scipy.stats.
"""

import math
import statistics
import sys
from typing import Any

import numpy as np

from .plan import Record

LEVEL = 0.05
Numbers = dict[int, float]  # by seed


def numbers(records: list[Record], part: str, arm: str, rate: float, metric: str) -> Numbers:
    """The metric of every seed that reached it; a run that failed, or gave no finite number, is not among them."""
    found = {}
    for r in records:
        if (r["part"], r["arm"], r["rate"]) == (part, arm, rate):
            value = r.get(metric)
            if isinstance(value, int | float) and math.isfinite(value):
                found[r["seed"]] = float(value)
    return found


def choose_rates(result: dict[str, Any], metric: str | None = None) -> dict[str, float]:
    """For each arm the rate with the best mean; a rate at which a seed failed does not stand for its arm.

    On the validation data, or, where there is none, on the test data.
    """
    part = "validation" if result["validation"] else "test"
    metric = result["metric"] if metric is None or result["validation"] else metric
    seeds = result["validation"] or result["seeds"]
    chosen = {}
    for arm in result["arms"]:
        found = {rate: numbers(result["records"], part, arm, rate, metric) for rate in result["rates"]}
        means = {rate: statistics.fmean(x.values()) for rate, x in found.items() if len(x) == len(seeds)}
        if means:
            chosen[arm] = (max if result["larger"] else min)(means, key=lambda rate: means[rate])
    return chosen


def summarise(result: dict[str, Any], metric: str | None = None, control: str | None = None) -> list[Record]:
    """One row an arm, each at its chosen rate, held against the control (by default the first arm).

    Every row has "arm", "rate", "edge" (the rate is the smallest or largest of several that were tried), "n" (seeds
    that reached the metric), "failed" (those that did not), "mean", "deviation", "values", and for two-valued outcomes
    "successes". Rows beside the control's have "difference", the mean over the seeds of the arm's number less the
    control's, and "low" and "high", its 95 % interval (Student's t). Arms that the plan compares have, for the plan's
    metric and control, "p", "p_holm" (Holm over these arms) and "verdict": "win" or "loss" where p_holm is below 0.05,
    "tie" where the interval lies within the plan's margin, else "no difference seen", and None where a seed failed or
    is alone.
    """
    metric = metric or result["metric"]
    rates = choose_rates(result, metric)
    control = control or result["arms"][0]
    values = {arm: numbers(result["records"], "test", arm, rate, metric) for arm, rate in rates.items()}
    rows = []
    for arm in result["arms"]:
        if arm not in rates:
            rows.append({"arm": arm, "rate": None, "edge": False, "n": 0, "failed": len(result["seeds"]),
                         "mean": None, "deviation": None, "values": []})  # fmt: skip
            continue
        found = list(values[arm].values())
        row = {"arm": arm, "rate": rates[arm], "n": len(found), "failed": len(result["seeds"]) - len(found),
               "edge": len(result["rates"]) > 1 and rates[arm] in (min(result["rates"]), max(result["rates"])),
               "mean": statistics.fmean(found) if found else None,
               "deviation": statistics.stdev(found) if len(found) > 1 else None, "values": found}  # fmt: skip
        if result["test"] == "count":
            row["successes"] = sum(value >= result["success"] for value in found)
        if arm != control and control in values:
            row |= difference(values[arm], values[control])
        rows.append(row)
    planned = metric == result["metric"] and control == result["arms"][0]
    if planned and values.get(control):
        judge(result, rows, values)
    return rows


def difference(arm: Numbers, control: Numbers) -> Record:
    """Of the seeds that both reached: the mean difference and its 95 % interval."""
    from scipy import stats

    x = np.array([arm[seed] - control[seed] for seed in arm if seed in control])
    if len(x) < 2:
        return {"difference": float(x.mean()) if len(x) else None, "low": None, "high": None}
    half = stats.t.ppf(1 - LEVEL / 2, len(x) - 1) * x.std(ddof=1) / math.sqrt(len(x))
    return {"difference": float(x.mean()), "low": float(x.mean() - half), "high": float(x.mean() + half)}


def judge(result: dict[str, Any], rows: list[Record], values: dict[str, Numbers]) -> None:
    """Add p, p_holm and the verdict to the rows of the arms that are compared."""
    reference = values[result["arms"][0]]
    whole = len(reference) == len(result["seeds"])
    tested = [row for row in rows if row["arm"] in result["compared"]]
    for row in tested:
        known = whole and row["n"] > 1 and not row["failed"]  # of one seed nothing follows
        row["p"] = p_value(result, values[row["arm"]], reference) if known else None
    for row, corrected in zip(tested, holm([row["p"] for row in tested]), strict=True):
        row["p_holm"] = corrected
        row["verdict"] = verdict(result, row)


def p_value(result: dict[str, Any], arm: Numbers, control: Numbers) -> float:
    from scipy import stats

    x, y = (np.array([of[seed] for seed in result["seeds"]]) for of in (arm, control))
    if result["test"] == "count":
        counts = [[int((v >= result["success"]).sum()), int((v < result["success"]).sum())] for v in (x, y)]
        return float(stats.fisher_exact(counts).pvalue)
    if (x == y).all():
        return 1.0
    if np.ptp(x - y) == 0 or result["test"] == "sign-flip":  # of equal differences a t is infinite
        flips = stats.permutation_test((x - y,), lambda d, axis: d.mean(axis=axis), permutation_type="samples",
                                       n_resamples=2 ** len(x), vectorized=True)  # fmt: skip
        return float(flips.pvalue)
    return float(stats.ttest_rel(x, y).pvalue)


def holm(p: list[float | None]) -> list[float | None]:
    """Holm's corrected values, in the same order; None stays None and does not count.

    >>> holm([0.01, None, 0.04, 0.03])
    [0.03, None, 0.06, 0.06]
    """
    order = sorted((i for i, value in enumerate(p) if value is not None), key=lambda i: p[i])
    corrected: list[float | None] = [None] * len(p)
    highest = 0.0
    for place, i in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - place) * p[i]))
        corrected[i] = highest
    return corrected


def verdict(result: dict[str, Any], row: Record) -> str | None:
    if row["p_holm"] is None:
        return None
    if row["p_holm"] < LEVEL:
        return "win" if (row["difference"] > 0) == result["larger"] else "loss"
    margin = result["margin"]
    if margin is not None and row["low"] is not None and -margin < row["low"] and row["high"] < margin:
        return "tie"
    return "no difference seen"


def show(result: dict[str, Any], file: Any = None) -> None:
    """The summary as a table, and in words what was seen, and what could not have been."""
    file = file or sys.stdout
    plus = "±" if (getattr(file, "encoding", None) or "utf-8").lower().replace("-", "").startswith("utf") else "+-"
    chosen = ("rates chosen on validation data" if result["validation"] else
              "rates chosen on the seeds that are shown" if len(result["rates"]) > 1 else "one rate")  # fmt: skip
    print(f"{result['name']}: {result['metric']}, {len(result['seeds'])} seeds, {chosen}", file=file)
    sizes = {record["arm"]: record.get("parameters") for record in result["records"]}
    for row in summarise(result):
        print("  " + as_text(row, sizes.get(row["arm"]), plus), file=file)
    for record in result["records"]:
        if "error" in record:
            job = f"{record['arm']}, rate {record['rate']:g}, seed {record['seed']}, {record['part']}"
            print(f"  failed: {job}: {record['error']}".encode(errors="replace").decode(), file=file)


def as_text(row: Record, size: int | None, plus: str = "±") -> str:
    """One row of the summary."""
    if row["rate"] is None:
        return f"{row['arm']:<12} no rate at which all its seeds reached the metric"
    edge = ", at the edge of those tried" if row["edge"] else ""
    spread = f" {plus} {row['deviation']:.4f}" if row["deviation"] is not None else ""
    text = f"{row['arm']:<12} " + (f"{row['mean']:.4f}{spread}" if row["n"] else "nothing measured")
    text += f"  (rate {row['rate']:g}{edge})" + (f"  {size} parameters" if size else "")
    if "successes" in row:
        text += f"  {row['successes']} of {row['n']}"
    if row["failed"]:
        text += f"  {row['failed']} failed"
    if row.get("low") is not None:
        text += f"  {row['difference']:+.4f} [{row['low']:+.4f}, {row['high']:+.4f}]"
    if row.get("p_holm") is not None:
        text += f"  p = {row['p']:.4f}, corrected {row['p_holm']:.4f}: {row['verdict']}"
    if row.get("verdict") == "no difference seen" and "successes" not in row and row.get("low") is not None:
        text += f" (below {(row['high'] - row['low']) / 2:.4f} none could be seen)"
    return text
