"""`{results-list}`: one entry a stored experiment, made from book/results/*.json, in the page's language.

An entry shows what its result has. The numbers are those of the package's own summary; nothing is computed here. A
result without a plan, whose rates were chosen on the seeds that it reports, has means and deviations and no verdict.
"""
from datetime import date
from pathlib import Path

from babel.dates import format_date
from docutils import nodes

from diffattn_mini.lab.experiments import stored, summarise

from .lists import FromData

RESULTS = Path(__file__).resolve().parents[1] / "results"

WORDS = {
    "ro": {
        "question": "Întrebarea", "measure": "Măsura", "larger": "mai mare e mai bine", "smaller": "mai mic e mai bine",
        "plan": "Planul", "compared": "se compară {arms} cu {first}", "margin": "egalitate înseamnă mai puțin de {}",
        "rates": "Ratele", "seeds": "Semințele", "settings": "Setările", "parameters": "Parametrii",
        "command": "Comanda", "date": "Data", "commit": "Codul", "machine": "Calculatorul", "failed": "Rulări eșuate",
        "arm": "braț", "rate": "rata", "n": "rulări", "mean": "media ± abaterea", "difference": "diferența",
        "low": "interval de 95\u00a0%", "p": "p", "p_holm": "p corectat (Holm)", "verdict": "verdict",
        "win": "mai bun", "loss": "mai slab", "tie": "egalitate", "no difference seen": "nicio deosebire văzută",
        "step": "pas", "loss of": "pierderea", "form": "forma",
        "unplanned": "Fără verdict: rata fiecărui braț a fost aleasă pe aceleași semințe care sunt raportate. "
                     "Tabelul arată fiecare braț la rata lui cea mai bună: media și abaterea standard, atât.",
        "untrained": "Aici nu se antrenează nimic și nu se judecă nimic: media și abaterea standard, atât.",
        "planned": "Fiecare braț la rata aleasă pentru el pe date de validare. Diferența e față de primul braț.",
        "single": "O singură rulare, cu o singură sămânță: arată o curbă și nu dovedește nimic.",
        "timed": "Cât durează un strat cu N tokeni, înainte și înapoi, față de atenția obișnuită: mediana raportului "
                 "și, în paranteză, cuartilele lui.",
    },
    "en": {
        "question": "The question", "measure": "The measure", "larger": "larger is better",
        "smaller": "smaller is better",
        "plan": "The plan", "compared": "{arms} against {first}", "margin": "a tie means less than {}",
        "rates": "Rates", "seeds": "Seeds", "settings": "Settings", "parameters": "Parameters",
        "command": "Command", "date": "Date", "commit": "Code", "machine": "Computer", "failed": "Failed runs",
        "arm": "arm", "rate": "rate", "n": "runs", "mean": "mean ± deviation", "difference": "difference",
        "low": "95% interval", "p": "p", "p_holm": "corrected p (Holm)", "verdict": "verdict",
        "win": "better", "loss": "worse", "tie": "tie", "no difference seen": "no difference seen",
        "step": "step", "loss of": "loss", "form": "form",
        "unplanned": "No verdict: the rate of each arm was chosen on the same seeds that are reported. "
                     "The table shows each arm at its best rate: mean and standard deviation, no more.",
        "untrained": "Nothing is trained here and nothing is judged: mean and standard deviation, no more.",
        "planned": "Each arm at the rate chosen for it on validation data. The difference is from the first arm.",
        "single": "A single run, with a single seed: it shows a curve and proves nothing.",
        "timed": "How long a layer takes with N tokens, forward and backward, beside standard attention: the median of "
                 "the ratio and, in brackets, its quartiles.",
    },
}


class Words(dict):
    """The words of a language, and how it writes numbers and days."""

    def __init__(self, language):
        super().__init__(WORDS[language])
        self.language = language

    def number(self, value, form=".4f"):
        text = f"{value:{form}}".replace("-", "−")
        return text.replace(".", ",") if self.language == "ro" else text

    def pair(self, low, high):
        return f"({self.number(low)}; {self.number(high)})" if self.language == "ro" else (
            f"({self.number(low)}, {self.number(high)})")

    def chance(self, p):
        return "< " + self.number(1e-4) if p < 1e-4 else self.number(p)

    def day(self, iso):
        return format_date(date.fromisoformat(iso), "long", locale={"ro": "ro", "en": "en_GB"}[self.language])


# Nodes

def paragraph(*parts):
    return nodes.paragraph("", "", *(nodes.Text(part) if isinstance(part, str) else part for part in parts))


def code(text):
    return nodes.literal("", str(text))


def listed(values, show=code):
    """The values with commas between them."""
    parts = [part for value in values for part in (nodes.Text(", "), show(value))]
    return parts[1:]


def facts(pairs):
    """Name and value, for every pair that has a value."""
    fields = [nodes.field("", nodes.field_name("", name), nodes.field_body("", paragraph(*value)))
              for name, value in pairs if value]
    return nodes.field_list("", *fields, classes=["facts"])


def table(head, rows):
    """The first column names its row."""
    def line(cells):
        return nodes.row("", *(nodes.entry("", paragraph(cell)) for cell in cells))

    columns = [nodes.colspec(colwidth=1, stub=int(place == 0)) for place in range(len(head))]
    group = nodes.tgroup("", *columns, nodes.thead("", line(head)), nodes.tbody("", *map(line, rows)), cols=len(head))
    return nodes.table("", group)


# What a result has

def plan(result, words):
    """What is compared with what, and how near counts as equal."""
    planned = result["plan"]
    first, *others = planned.get("compared") or result["arms"]
    before, after = words["compared"].split("{arms}")
    middle, end = after.split("{first}")
    parts = [before, *listed(others), middle, code(first), end]
    if planned.get("margin") is not None:
        parts.append("; " + words["margin"].format(words.number(planned["margin"], "g")))
    return parts


def about(result, words):
    planned = result.get("plan") or {}
    metric = planned.get("metric") or result.get("metric")
    direction = words["larger" if planned.get("larger", result.get("larger")) else "smaller"]
    versions = result.get("versions") or {name: result[name] for name in ("python", "torch") if name in result}
    machine = [result.get("processor"), *(f"{name} {version}" for name, version in versions.items())]
    rates = result.get("rates", [])
    settings = result.get("settings") or {name: result[name] for name in ("dim", "heads", "dtype", "threads")
                                          if name in result}
    failed = sum("error" in record for record in result.get("records", []))
    return facts([
        (words["question"], [planned["question"][words.language]] if "question" in planned else None),
        (words["measure"], metric and [code(metric), f", {direction}"]),
        (words["plan"], planned and plan(result, words)),
        (words["rates"], any(rates) and listed(rates, lambda rate: nodes.Text(words.number(rate, "g")))),
        (words["seeds"], listed(planned.get("seeds") or result.get("seeds", []), lambda seed: nodes.Text(str(seed)))),
        (words["settings"], listed(f"{name}={value}" for name, value in settings.items())),
        (words["parameters"], [str(result["parameters"])] if "parameters" in result else None),
        (words["failed"], [str(failed)] if failed else None),
        (words["command"], [code(result["command"])] if "command" in result else None),
        (words["date"], [words.day(result["date"])] if "date" in result else None),
        (words["commit"], [code(result["commit"].partition("+")[0][:12])] if "commit" in result else None),
        (words["machine"], [", ".join(filter(None, machine))]),
    ])


def summary(result, words):
    """The package's summary as a table: the columns that some row has; difference and verdict only where planned."""
    show = {
        "arm": lambda row: code(row["arm"]),
        "rate": lambda row: words.number(row["rate"], "g"),
        "n": lambda row: str(row["n"]),
        "mean": lambda row: f"{words.number(row['mean'])}\u00a0±\u00a0{words.number(row['deviation'])}",
        "difference": lambda row: words.number(row["difference"], "+.4f"),
        "low": lambda row: words.pair(row["low"], row["high"]),
        "p": lambda row: words.chance(row["p"]),
        "p_holm": lambda row: words.chance(row["p_holm"]),
        "verdict": lambda row: words[row["verdict"]],
    }
    rows, trained, planned = summarise(result), any(result["rates"]), bool(result.get("plan"))
    columns = [name for name in show if any(row.get(name) is not None for row in rows)
               and (trained or name != "rate") and (planned or name in ("arm", "rate", "n", "mean"))]
    # the first arm is compared with nothing, and an arm that failed has no numbers
    lines = [[show[name](row) if row.get(name) is not None else "" for name in columns] for row in rows]
    note = "planned" if planned else "unplanned" if trained else "untrained"
    return [paragraph(words[note]), table([words[name] for name in columns], lines)]


def curve(result, words):
    """The loss at the beginning, at each quarter and at the end."""
    records = result["records"]
    shown = [records[round(part * (len(records) - 1) / 4)] for part in range(5)]
    lines = [[str(record["step"]), words.number(record["loss"])] for record in shown]
    return [paragraph(words["single"]), table([words["step"], words["loss of"]], lines)]


def timing(result, words):
    """The ratio to standard attention of every form, by the length of the text."""
    sizes = result["results"]
    measured = {(size, row["arm"]): row for size, rows in sizes.items() for row in rows}
    arms = list(dict.fromkeys(arm for _, arm in measured))

    def ratio(row):
        low, high = (words.number(row[name], ".2f") for name in ("low", "high"))
        return f"{words.number(row['ratio'], '.2f')} ({low}–{high})"

    lines = [[code(arm), *(ratio(measured[size, arm]) if (size, arm) in measured else "" for size in sizes)]
             for arm in arms]
    return [paragraph(words["timed"]), table([words["form"], *(f"N = {size}" for size in sizes)], lines)]


def entry(name, result, words):
    """A section with its anchor before it (anchors.py makes that its address)."""
    show = timing if "results" in result else summary if "arms" in result else curve
    described = result.get("describe", {}).get(words.language)
    section = nodes.section("", nodes.title("", "", code(name)), ids=[f"result-{name}"])
    section += [paragraph(described)] if described else []
    section += [*show(result, words), about(result, words)]
    return [paragraph(f'<a id="result-{name}"></a>'), section]


class ResultsList(FromData):
    def run(self):
        words, made = Words(self.language()), []
        for name in sorted(path.stem for path in RESULTS.glob("*.json")):
            self.env.note_dependency(str(RESULTS / f"{name}.json"))
            made += entry(name, stored(name), words)
        return made


def setup(app):
    app.add_directive("results-list", ResultsList)
