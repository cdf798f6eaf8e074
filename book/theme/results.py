"""`{results-list}`: one entry a stored experiment, made from book/results/*.json, in the page's language.

An entry shows what its result has. The numbers are those of the package's own summary; none is computed here. A result
whose rates were chosen on the seeds that it reports has means and deviations and no verdict.
"""
from datetime import date
from pathlib import Path

from babel.dates import format_date
from docutils import nodes

from diffattn_mini.lab.experiments import stored, summarise

from .lists import FromData

RESULTS = Path(__file__).resolve().parents[1] / "results"
NBSP, JOINER = "\u00a0", "\u2060"  # a space and a nothing at which no line breaks

WORDS = {
    "ro": {
        "measure": "Măsura", "larger": "mai mare e mai bine", "smaller": "mai mic e mai bine",
        "compared": "Se compară", "with": "cu", "margin": "Egalitate", "below": "o diferență sub {}",
        "test": "Testul", "t": "Student, pe diferențe pereche",
        "sign-flip": "permutarea semnelor, pe diferențe pereche",
        "count": "Fisher exact, pe numărul de reușite; o reușită: cel puțin {}", "holm": "corectat după Holm",
        "rates": "Ratele încercate", "validation": "Semințe pentru rate", "on validation": "pe date de validare",
        "seeds": "Semințe", "settings": "Setări", "parameters": "Parametri", "again": "Măsurat din nou",
        "command": "Comanda", "date": "Data", "commit": "Codul", "machine": "Calculatorul",
        "arm": "braț", "rate": "rata", "edge": "rata e la marginea celor încercate", "failed": "rulări eșuate",
        "mean": "media ± abaterea", "successes": "reușite", "of": "{} din {}", "difference": "diferența",
        "low": "interval de 95 %",
        "p": "p", "p_holm": "p (Holm)",
        "win": "mai bun", "loss": "mai slab", "tie": "egalitate", "no difference seen": "nicio deosebire văzută",
        "unseen": " (una sub {} nu s-ar fi văzut)", "step": "pas", "loss of": "pierderea", "form": "forma",
        "chosen on validation": "Fiecare braț la rata aleasă pentru el pe date de validare. Diferența și verdictul "
                                "sunt față de primul braț.",
        "chosen on seeds": "Fără verdict: rata fiecărui braț a fost aleasă pe aceleași semințe care sunt raportate. "
                           "Tabelul arată fiecare braț la rata lui cea mai bună, atât.",
        "one rate": "O singură rată pentru toate brațele. Diferența și verdictul sunt față de primul braț.",
        "not compared": "Nimic nu se antrenează și nimic nu se compară: media și abaterea standard, atât.",
        "single": "O singură rulare, cu o singură sămânță: arată o curbă și nu dovedește nimic.",
        "timed": "Cât durează un strat cu N tokeni, înainte și înapoi, față de atenția obișnuită: mediana raportului "
                 "și, în paranteză, cuartilele lui.",
    },
    "en": {
        "measure": "The measure", "larger": "larger is better", "smaller": "smaller is better",
        "compared": "Compared", "with": "with", "margin": "A tie", "below": "a difference below {}",
        "test": "The test", "t": "Student's, on paired differences", "sign-flip": "sign flips of paired differences",
        "count": "Fisher's exact, on the number of successes; a success: at least {}", "holm": "corrected after Holm",
        "rates": "Rates tried", "validation": "Seeds for the rates", "on validation": "on validation data",
        "seeds": "Seeds", "settings": "Settings", "parameters": "Parameters", "again": "Measured again",
        "command": "Command", "date": "Date", "commit": "Code", "machine": "Computer",
        "arm": "arm", "rate": "rate", "edge": "its rate is at the edge of those tried", "failed": "failed runs",
        "mean": "mean ± deviation", "successes": "successes", "of": "{} of {}", "difference": "difference",
        "low": "95% interval",
        "p": "p", "p_holm": "p (Holm)",
        "win": "better", "loss": "worse", "tie": "tie", "no difference seen": "no difference seen",
        "unseen": " (one below {} could not have been)", "step": "step", "loss of": "loss", "form": "form",
        "chosen on validation": "Each arm at the rate chosen for it on validation data. Difference and verdict are "
                                "against the first arm.",
        "chosen on seeds": "No verdict: the rate of each arm was chosen on the same seeds that are reported. "
                           "The table shows each arm at its best rate, no more.",
        "one rate": "One rate for all arms. Difference and verdict are against the first arm.",
        "not compared": "Nothing is trained and nothing is compared: mean and standard deviation, no more.",
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

    def chance(self, p):
        return f"<{NBSP}{self.number(1e-4)}" if p < 1e-4 else self.number(p)

    def pair(self, low, high):
        return f"({self.number(low)}{';' if self.language == 'ro' else ','}{NBSP}{self.number(high)})"

    def day(self, iso):
        return format_date(date.fromisoformat(iso), "long", locale={"ro": "ro", "en": "en_GB"}[self.language])


# Nodes

def paragraph(*parts):
    return nodes.paragraph("", "", *(nodes.Text(part) if isinstance(part, str) else part for part in parts))


def code(text):
    return nodes.literal("", str(text))


def listed(values, show=code):
    """The values with commas between them."""
    return [part for value in values for part in (", ", show(value))][1:]


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

def standing(result):
    """What its verdicts rest on: how the rates were chosen, where anything is compared."""
    if not result["compared"]:
        return "not compared"
    if result["validation"]:
        return "chosen on validation"
    return "chosen on seeds" if len(result["rates"]) > 1 else "one rate"


def judged(result):
    return standing(result) in ("chosen on validation", "one rate")


def plan(result, words):
    """What was decided before the run."""
    planned, success = judged(result), result["success"]
    direction = words["larger" if result["larger"] else "smaller"]
    test = words[result["test"]].format(words.number(success, "g") if success is not None else "")
    seeds, chosen_on = (", ".join(map(str, result[name])) for name in ("seeds", "validation"))
    return [
        (words["measure"], [code(result["metric"]), f", {direction}"]),
        (words["compared"], planned and [*listed(result["compared"]), f" {words['with']} ", code(result["arms"][0])]),
        (words["test"], planned and [f"{test}; {words['holm']}"]),
        (words["margin"], planned and result["margin"] is not None
         and [words["below"].format(words.number(result["margin"], "g"))]),
        (words["rates"], any(result["rates"]) and listed(result["rates"], lambda rate: words.number(rate, "g"))),
        (words["validation"], chosen_on and [f"{chosen_on} ({words['on validation']})"]),
        (words["seeds"], [seeds]),
    ]


def making(result, words):
    """With what the result was made, and when."""
    settings = result.get("settings") or {key: result[key] for key in ("dim", "heads", "dtype", "threads")}
    versions = result.get("versions") or {key: result[key] for key in ("python", "torch")}
    again = result.get("remeasured")
    return [
        (words["settings"], listed(f"{name}={value}" for name, value in settings.items())),
        (words["parameters"], "parameters" in result and [str(result["parameters"])]),
        (words["command"], "command" in result and [code(result["command"])]),
        (words["date"], "date" in result and [words.day(result["date"])]),
        (words["commit"], "commit" in result and [code(result["commit"].partition("+")[0][:12])]),
        (words["again"], again and [code(again["fields"]), f", {words.day(again['date'])}. ",
                                    again["why"][words.language]]),
        (words["machine"], [", ".join([result["processor"], *(f"{name} {it}" for name, it in versions.items())])]),
    ]


def summary(result, words):
    """The package's summary: the columns that some row has; difference and verdict only where they rest on a plan."""
    rows, counted = summarise(result), result["test"] == "count"
    show = {
        "arm": lambda row: code(row["arm"]),
        "rate": lambda row: words.number(row["rate"], "g"),
        "failed": lambda row: str(row["failed"] or ""),
        "mean": lambda row: words.number(row["mean"]) + (
            f"{NBSP}±{NBSP}{words.number(row['deviation'])}" if row["deviation"] is not None else ""),
        "successes": lambda row: words["of"].format(row["successes"], row["n"]),
        "difference": lambda row: words.number(row["difference"], "+.4f"),
        "low": lambda row: words.pair(row["low"], row["high"]),
        "p": lambda row: words.chance(row["p"]),
        "p_holm": lambda row: words.chance(row["p_holm"]),
    }
    left_out = {"mean", "difference", "low"} if counted else set()  # of what is all or nothing a mean says little
    left_out |= set() if any(result["rates"]) else {"rate"}
    left_out |= set() if judged(result) else {"difference", "low", "p", "p_holm"}
    # the first arm is compared with nothing, and an arm that failed has no numbers
    cells = {words[name]: [show[name](row) if row.get(name) is not None else "" for row in rows]
             for name in show if name not in left_out}
    cells = {name: column for name, column in cells.items() if any(column)}
    return [paragraph(words[standing(result)]), table(list(cells), zip(*cells.values(), strict=True)),
            *remarks(result, rows, words)]


def remarks(result, rows, words):
    """What is said of an arm in words: its verdict, and that its rate lies at the edge of those tried."""
    items = []
    for row in rows:
        said = []
        if judged(result) and row.get("verdict"):
            said.append(nodes.strong("", words[row["verdict"]]))
            if row["verdict"] == "no difference seen" and result["test"] != "count" and row["low"] is not None:
                said.append(words["unseen"].format(words.number((row["high"] - row["low"]) / 2)))
        if row["edge"]:
            said += ["; " if said else "", words["edge"]]
        if said:
            items.append(nodes.list_item("", paragraph(code(row["arm"]), ": ", *said)))
    return [nodes.bullet_list("", *items)] if items else []


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

    def ratio(row):
        middle, low, high = (words.number(row[name], ".2f") for name in ("ratio", "low", "high"))
        return f"{middle} ({low}–{JOINER}{high})"

    lines = [[code(arm), *(ratio(measured[size, arm]) if (size, arm) in measured else "" for size in sizes)]
             for arm in dict.fromkeys(arm for _, arm in measured)]
    return [paragraph(words["timed"]), table([words["form"], *(f"N{NBSP}={NBSP}{size}" for size in sizes)], lines)]


def entry(name, result, words):
    """A section with its anchor before it (anchors.py makes that its address)."""
    swept = "arms" in result
    show = summary if swept else timing if "results" in result else curve
    section = nodes.section("", nodes.title("", "", code(name)), ids=[f"result-{name}"])
    section += [paragraph(result["question"][words.language])] if swept else []
    section += [*show(result, words), facts((plan(result, words) if swept else []) + making(result, words))]
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
