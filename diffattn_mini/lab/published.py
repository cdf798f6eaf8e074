"""What others have printed, as data: tables of papers and of public repositories, drawn beside the book's own."""

import csv
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
INSTALLED = PACKAGE / "published"  # where an installed package has them; the book's own folder has book/published
PUBLISHED = INSTALLED if INSTALLED.is_dir() else PACKAGE.parent / "book" / "published"


def published(name: str, folder: str | Path = PUBLISHED) -> list[dict[str, str | float]]:
    """The rows of a table that others have printed, numbers as floats. Its first line, a comment, names the source.

    Raises FileNotFoundError that lists the tables there are.

    >>> published("stories-mrtanke")[0]
    {'arm': 'standard', 'perplexity': 5.811, 'deviation': 0.0111}
    """
    path = Path(folder) / f"{name}.csv"
    if not path.exists():
        known = ", ".join(sorted(other.stem for other in path.parent.glob("*.csv")))
        raise FileNotFoundError(f"there is no table {name!r}; choose from {known}")
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return [{key: _number(text) for key, text in row.items()} for row in csv.DictReader(lines)]


def _number(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text
