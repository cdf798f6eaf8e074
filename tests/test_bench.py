"""The benchmark measures what it says; how fast anything is, is for the benchmark to tell, not for a test."""

import json
import sys

import pytest
import torch

from diffattn_mini.lab import bench


def test_memory_of_the_maps_grows_with_the_square_and_of_the_blocks_with_the_length():
    def growth(arm):
        small, large = (bench.measure_memory(arm, size, "cpu", torch.float32) for size in (512, 2048))
        return large / small

    assert growth("maps") > 9 and growth("auto") < 5 and growth("standard") < 5


def test_the_memory_of_a_pass_counts_every_tensor_that_is_alive(monkeypatch):
    """A layer that makes one tensor of a million numbers and drops it, twice over."""

    class Known(torch.nn.Module):
        def forward(self, x):
            for _ in range(2):
                torch.empty(10**6)
            return x * 1.0

    monkeypatch.setitem(bench.ARMS, "known", Known)
    assert bench.measure_memory("known", 1, "cpu", torch.float32) == pytest.approx(4e6, rel=0.02)


def test_ratios_are_taken_within_a_round():
    """The machine is ten times slower in the second round; both arms suffer, and the ratio stays."""
    seconds = {"standard": [1.0, 10.0, 1.0], "auto": [1.5, 15.0, 1.6]}
    standard, auto = bench.summarise(seconds, {"standard": 10**6, "auto": 2 * 10**6})
    assert (standard["ratio"], auto["ratio"], auto["low"], auto["high"]) == (1, 1.5, 1.5, 1.6)
    assert standard["fastest"] == 1 and auto["fastest"] == 1.5
    assert auto["milliseconds"] == 1600 and auto["extra_megabytes"] == 2


def test_a_run_writes_its_table_and_record(tmp_path, monkeypatch, capsys):
    options = "--sizes 16 32 --turns 2 --seconds 0 --output"
    monkeypatch.setattr(sys, "argv", ["bench", *options.split(), str(tmp_path)])
    monkeypatch.setattr(bench, "LARGEST_MAPS", 16)
    bench.main()
    for threads in (1, 2):
        name = f"bench-cpu-float32-threads-{threads}"
        record = json.loads((tmp_path / f"{name}.json").read_text())
        assert record["threads"] == threads and str(tmp_path) not in record["command"]
        assert {row["arm"] for row in record["results"]["16"]} == set(bench.ARMS)
        assert all(row["rounds"] == 2 * 3 for rows in record["results"].values() for row in rows)
        table = (tmp_path / f"{name}.md").read_text()
        assert "not run" in table and all(label in table for label in bench.LABELS.values())
    assert len(list(tmp_path.iterdir())) == 4  # nothing half-written is left
