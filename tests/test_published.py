"""Others' tables: each names its source, and reads as numbers."""

import math

import pytest

from diffattn_mini.lab.published import PUBLISHED, published

TABLES = sorted(PUBLISHED.glob("*.csv"))


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_a_table_names_its_source_and_no_number_is_missing(path):
    assert path.read_text(encoding="utf-8").startswith("# ")
    rows = published(path.stem)
    assert rows and len({tuple(row) for row in rows}) == 1
    assert all(x is not None and (isinstance(x, str) or math.isfinite(x)) for row in rows for x in row.values())
    assert any(isinstance(x, float) for row in rows for x in row.values())


def test_the_needles_give_the_means_that_were_printed():
    rows = published("needle-mrtanke")
    for arm, printed in (("standard", 0.667), ("differential", 0.200)):
        seeds = [row["accuracy"] for row in rows if (row["arm"], row["distractors"]) == (arm, 60)]
        assert len(seeds) == 3 and round(sum(seeds) / 3, 3) == printed


def test_the_long_needles_give_the_means_that_were_printed():
    rows = published("needles-64k")
    for model, printed in (("Transformer", 0.52), ("DIFF", 0.86)):
        depths = [row["64K"] for row in rows if row["model"] == model]
        assert len(depths) == 5 and round(sum(depths) / 5, 2) == printed


def test_a_table_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(FileNotFoundError, match="no table 'nothing'; choose from .*needle-mrtanke"):
        published("nothing")
