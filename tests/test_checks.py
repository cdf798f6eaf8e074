"""The checks: right answers pass, wrong ones fail with the hint that fits, and nothing ever crashes."""

import builtins
import contextlib
import decimal
import fractions
import functools
import getpass
import html.parser
import inspect
import logging
import os
import random
import re
import signal
import subprocess
import sys
import warnings

import matplotlib.pyplot as plt
import mutants
import nbformat
import numpy as np
import pytest
import torch
from nbclient import NotebookClient

import diffattn_mini
from diffattn_mini.check import EXERCISES, Verdict, check, exercises
from diffattn_mini.check.engine import Exercise, examine
from diffattn_mini.check.mistakes import GENERAL, Mistake

RIGHT, WRONG = mutants.known_answers()
from answers import ch02, ch11  # noqa: E402

right = [(id, answer) for id in RIGHT for answer in RIGHT[id]]
wrong = [(id, hint, answer) for id in WRONG for hint, answer in WRONG[id]]


@pytest.fixture(autouse=True)
def english():
    diffattn_mini.set_language("en")
    yield
    diffattn_mini.set_language("en")


def name(value):
    return getattr(value, "__name__", value)


def test_exercises_are_those_of_the_chapters_in_their_order():
    assert exercises() == ["01.cosine", "01.similarity-matrix", "01.nearest",
                           "02.stable-softmax", "02.softmax-axis", "02.temperature-for-peak", "02.jvp",
                           "03.kernel-regression", "03.attention", "03.query-gradient",
                           "04.causal", "04.forward", "04.rotate", "04.rope",
                           "05.rnn", "05.chain-derivative", "05.training-step", "05.lstm-cell",
                           "06.additive-scores", "06.greedy", "06.alignment-share", "06.beam-step",
                           "07.rms-norm", "07.parameters", "07.training-step", "07.nucleus",
                           "07.generate", "07.cache",
                           "07b.without-head", "07b.floor", "07b.cross", "07b.diagnosis",
                           "08.operations", "08.kv-cache-memory", "08.linear-attention",
                           "09.best-share", "09.scale", "09.softpick", "09.noise-share",
                           "10.amplifier", "10.rejection", "10.four-resistors", "10.best-lambda",
                           "11.one-head", "11.lambda", "11.schedule", "11.find-the-bug",
                           "12.head", "12.parameters", "12.norm-over-time", "12.turn-pair",
                           "13.lambda-star", "13.chosen-rates", "13.paired", "13.holm",
                           "14.word", "14.all-right", "14.needed", "14.quantise",
                           "14b.pgd-step", "14b.length", "14b.cosines"]  # fmt: skip


def test_every_exercise_has_eight_wrong_answers_and_three_right_ones(capsys):
    assert {id: len(WRONG[id]) >= 8 and len(RIGHT[id]) >= 3 for id in exercises()} == dict.fromkeys(exercises(), True)
    with capsys.disabled():
        print(f" [{len(wrong)} wrong answers and {len(right)} right ones tried]", end="")


@pytest.mark.parametrize(("id", "answer"), right, ids=name)
def test_a_right_answer_passes_however_it_is_written(id, answer):
    verdict = check(id, answer)
    assert verdict.passed and verdict.solved and verdict.hint is None, verdict


@pytest.mark.parametrize(("id", "hint", "answer"), wrong, ids=name)
def test_a_wrong_answer_fails_with_the_hint_that_fits(id, hint, answer):
    verdict = check(id, answer)
    assert not verdict.passed and verdict.solved, verdict
    assert verdict.hint == hint, verdict


@pytest.mark.parametrize("id", exercises())
def test_every_known_mistake_is_recognised_as_itself(id):
    found = {(m.key, i): check(id, f).hint for m in EXERCISES[id].mistakes for i, f in enumerate(m.functions)}
    assert {key: hint for key, hint in found.items() if hint != key[0]} == {}


@pytest.mark.parametrize("id", exercises())
def test_a_check_kills_mutants_of_the_solution_and_no_draw_decides(id):
    """A small part of book/tools/mutants.py, which tries all mutants and presses every answer a thousand times."""
    report = mutants.examine(id, presses=20, sample=12)
    assert report.flips == [] and report.survivors == []
    assert report.killed >= 6, report


def test_mutants_are_many_small_and_different():
    _, tree, _ = mutants.solution("04.forward")
    sources = mutants.mutants(tree)
    assert len(sources) == len(set(sources)) > 100
    for part in ("np.sqrt(D / h)", "axis=1)", "axis=-2)", "k.transpose(0, 2, 1) * np", "reshape(D, T)"):
        assert any(part in source for source in sources), part


def test_an_endless_mutant_is_cut_off_and_the_keyboard_still_interrupts():
    with pytest.raises(mutants.TimeUp), mutants.patience(0.05):
        check("11.schedule", spins)


def spins(layer):
    while True:
        layer += 1


@pytest.mark.parametrize("id", exercises())
def test_two_presses_say_the_same(id):
    answers = [WRONG[id][0][1], RIGHT[id][0], lambda *args: np.random.rand() + random.random() + torch.rand(1).item()]
    assert [check(id, answer).message for answer in answers] == [check(id, answer).message for answer in answers]


# Hints

HALVE = Exercise(
    "00.halve",
    lambda x: x / 2,
    lambda rng: [(np.array([float(i)]),) for i in range(6)],
    (Mistake("not-halved", ro="Împarte.", en="Divide.", wrong=lambda x: x),),
)


def test_who_gives_a_wrong_diagnosis_is_not_told_the_right_one():
    verdicts = {repr(check("07b.diagnosis", lambda panel, n=n: n)) for n in (7, 8, 9)}
    assert all("match: 1" in verdict or "potrivire: 1" in verdict for verdict in verdicts)
    assert not any(re.search(r"(expected|trebuia) +[1-6]", verdict) for verdict in verdicts)


def test_a_hint_explains_every_trial():
    assert examine(HALVE, lambda x: 1 * x).hint == "not-halved"
    assert examine(HALVE, lambda x: x if x[0] > 3 else x / 2).hint is None, "right where the mistake is wrong"
    assert examine(HALVE, lambda x: x if x[0] > 3 else -x).hint is None, "wrong in another way too"


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda x: np.array([1.0]), "same-for-all"),
        (lambda x: x / 2 if x[0] < 3 else x * np.nan, "nan"),
        (lambda x: x // 2, "whole"),
        (lambda x: x // 2 if x[0] < 4 else x / 2 + 0.25, None),
        (lambda x: np.exp(x * 400) * 0 + x / 2, "too-large"),
        (lambda x: np.exp(x * 400)[:0].sum() + x / 3, None),
        (lambda x: (np.exp(x * 400) > 1) + x / 3, None),
    ],
)
def test_general_hints_look_at_all_trials(answer, hint):
    assert examine(HALVE, answer).hint == hint


def test_whole_numbers_are_no_slip_where_whole_numbers_are_asked_for():
    asks = Exercise("00.side", lambda x: int(x > 0.5), lambda rng: [(i / 8,) for i in range(8)], HALVE.mistakes)
    assert examine(asks, lambda x: int(x > 0.2) + int(x > 0.9)).hint is None


def test_who_writes_numpy_is_not_told_what_torch_says():
    def numpy_writer(q, k, v):
        return q.sofmax(k) @ v

    def torch_writer(q, k, v):
        return torch.softmax(q @ k.T, dim=5) @ v

    assert "'numpy.ndarray' object has no attribute 'sofmax'" in check("03.attention", numpy_writer).message
    assert "Dimension out of range" in check("03.attention", torch_writer).message


# Stubs


def returns_nothing(*args): ...


def returns_dots(*args):
    return ...


def not_implemented(*args):
    raise NotImplementedError("write me")


@pytest.mark.parametrize("id", exercises())
@pytest.mark.parametrize("stub", [None, ..., returns_nothing, returns_dots, not_implemented, lambda *args: None])
def test_a_stub_is_not_solved_yet_and_raises_nothing(id, stub):
    verdict = check(id, stub)
    assert (verdict.passed, verdict.solved, verdict.hint) == (False, False, None)
    assert "Not solved yet" in verdict.message
    diffattn_mini.set_language("ro")
    assert "Nerezolvat încă" in check(id, stub).message


class StdinNotImplementedError(NotImplementedError):
    """Of that name in a notebook that runs without a keyboard."""


def torch_has_no_such_thing(x):
    e = np.exp(x - x.max())
    return torch.linalg.norm(torch.as_tensor(e).to_sparse())


def no_keyboard(x):
    raise StdinNotImplementedError("raw_input was called")


def leans_on_a_stub(x):
    return not_implemented(x)


@pytest.mark.parametrize("answer", [torch_has_no_such_thing, no_keyboard, leans_on_a_stub])
def test_only_the_answer_itself_can_say_that_it_is_not_written(answer):
    verdict = check("02.stable-softmax", answer)
    assert (verdict.solved, verdict.hint) == (True, "raises") and "NotImplementedError" in verdict.message


def test_work_without_a_return_is_asked_about_it():
    def forgets(x):
        e = np.exp(x - x.max())
        e / e.sum()

    verdict = check("02.stable-softmax", forgets)
    assert not verdict.solved and verdict.hint == "no-return" and "return" in verdict.message


# Crash resistance


class Hostile:
    """Raises whatever is asked of it."""

    def __getattribute__(self, name):
        if name == "__class__":
            return object.__getattribute__(self, name)
        raise RuntimeError(name)

    def __repr__(self):
        raise RuntimeError("repr")

    __str__ = __array__ = __len__ = __iter__ = __float__ = __eq__ = __repr__
    __hash__ = None


class BadError(BaseException):
    def __str__(self):
        raise RuntimeError("str")


def raising(error):
    def answer(*args):
        raise error

    return answer


def returning(value):
    return lambda *args: value


def recurse(*args):
    return recurse(*args)


def endless(*args):
    while True:
        yield 1.0


async def later(*args):
    return 1.0


def changes_everything(*args):
    for a in args:
        if isinstance(a, np.ndarray):
            a.resize((0,) * a.ndim, refcheck=False)
    return 1.0


def prints(*args):
    print("noise")
    sys.exit(3)


loop = [1.0]
loop.append(loop)
STRANGE = [
    raising(ValueError("x" * 10_000)), raising(SystemExit(1)), raising(GeneratorExit()), raising(MemoryError()),
    raising(BadError()), raising(StopIteration()), raising(AssertionError()), recurse, endless, later, prints,
    changes_everything, lambda: 1.0, lambda a, b, c, d, e, f, g, h: 1.0, functools.partial(np.exp), dict, np.exp,
    torch.nn.Linear(2, 2), Hostile, returning(Hostile()), returning("0.5"), returning(b"0.5"), returning(True),
    returning(1j), returning({}), returning({1.0}), returning([]), returning(()), returning([[1.0], [1.0, 2.0]]),
    returning(loop), returning(object()), returning(range(10**9)), returning(10**400), returning(float("nan")),
    returning(np.zeros(3 * 10**6)), returning(np.broadcast_to(1.0, (10**6, 10**6))), returning(np.zeros((0, 2))),
    returning([None, 1.0]), returning(np.array([1, None])), returning(np.array("2020", "M8")), returning(np.float16(1)),
    returning(torch.zeros(2, requires_grad=True)), returning(torch.zeros(2, device="meta")), returning((1.0, 2.0)),
    returning(torch.zeros(1).bfloat16()), returning(torch.zeros(2, dtype=torch.bool)), returning(lambda: 1),
    returning([torch.tensor(1.0), 2]), returning(np.ma.masked_array([1.0], [True])), returning(type),
    returning(np.full((2, 2, 2, 2), -np.inf)),
]  # fmt: skip
NOT_FUNCTIONS = [0, 1.5, "softmax", b"", [], {}, np.zeros(3), torch.zeros(2), object(), Hostile(), True, NotImplemented]


HEADS = {id.split(".")[0]: id for id in reversed(exercises())}.values()  # the first exercise of each chapter


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("id", [id for id in exercises() if EXERCISES[id].measure or id in HEADS])
def test_whatever_the_answer_does_a_verdict_comes(id, capsys):
    diffattn_mini.set_language("ro" if id.startswith("11") else "en")
    for answer in STRANGE + NOT_FUNCTIONS:
        verdict = check(id, answer)
        assert isinstance(verdict, Verdict) and not verdict.passed and verdict.hint != "broken"
        assert len(repr(verdict)) < 3000 and len(verdict._repr_html_()) < 6000
    assert capsys.readouterr().out == ""


def test_a_result_in_place_of_the_function_is_named():
    assert {check("11.lambda", answer).hint for answer in NOT_FUNCTIONS} == {"not-callable"}


def test_the_keyboard_still_interrupts():
    with pytest.raises(KeyboardInterrupt):
        check("11.schedule", raising(KeyboardInterrupt()))


@pytest.mark.parametrize("id", ["02.softmax", "", None, 2, ["11.lambda"]])
@pytest.mark.parametrize("language", ["ro", "en"])
def test_an_unknown_id_is_an_error_that_lists_the_known_ones(id, language):
    diffattn_mini.set_language(language)
    with pytest.raises(ValueError, match=r"02\.stable-softmax.*11\.find-the-bug"):
        check(id, returns_nothing)


@pytest.mark.parametrize("id", exercises())
def test_an_answer_that_divides_by_zero_whatever_comes_is_told_so(id):
    taken = ", ".join(inspect.signature(EXERCISES[id].reference).parameters)
    assert check(id, eval(f"lambda {taken}: 1 / 0")).hint == "raises"


def test_the_line_that_raised_is_shown():
    verdict = check("02.stable-softmax", ch02.a_name_that_does_not_exist)
    assert "return e / total" in verdict.message and "NameError" in verdict.message


def divides(x, by):
    return x / {}["by"]


class Instance:
    def __call__(self, x):
        return divides(x, 2)


class Module(torch.nn.Module):
    def forward(self, x):
        return x.max() / {}["by"]


@pytest.mark.parametrize(
    "answer", [functools.partial(divides, by=2), Instance(), Module(), Instance().__call__, np.vectorize(divides)]
)
def test_the_line_is_found_behind_partials_instances_and_methods(answer):
    taken = answer if not isinstance(answer, np.vectorize) else functools.partial(answer, by=2)
    message = check("02.stable-softmax", taken).message
    assert re.search(r'stopped here: `return .*/ \{\}\["by"\]`\.', message)


def test_an_error_without_a_line_of_its_own_leaves_no_hole_in_the_sentence():
    assert "The code stopped. Run" in check("02.stable-softmax", functools.partial(np.linalg.inv)).message


def test_a_torch_answer_needs_no_torch_before_it_imports_its_own():
    code = """
import sys
from diffattn_mini.check import check
def answer(x):
    import torch
    return torch.softmax(x, 0)
assert "torch" not in sys.modules
assert check("02.stable-softmax", answer).passed
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


# What comes back


def stable(x):
    e = np.exp(np.asarray(x) - np.max(x))
    return e / e.sum()


@pytest.mark.parametrize(
    "dress",
    [
        lambda p: torch.complex(torch.tensor(p), -torch.tensor(p)).conj().imag,  # the negative bit
        lambda p: torch.complex(torch.tensor(p), torch.tensor(p)).conj().real,
        lambda p: torch.tensor(p).to_sparse(),
        lambda p: [decimal.Decimal(x) for x in p],
        lambda p: [fractions.Fraction(x) for x in p],
        lambda p: np.array([fractions.Fraction(x) for x in p]),
        lambda p: np.array(p, dtype=object),
        lambda p: tuple(map(np.float64, p)),
    ],
)
def test_a_right_answer_is_right_in_every_dress(dress):
    assert check("02.stable-softmax", lambda x: dress(stable(x))).passed


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (lambda p: p + 0j, "`ndarray` (complex128)"),
        (lambda p: np.array([None] * len(p)), "`ndarray` (object)"),
        (lambda p: torch.tensor(p) + 0j, "`Tensor` (torch.complex128)"),
        (lambda p: p > 0.5, "`ndarray` (bool)"),
        (lambda p: {"p": p}, "`dict`"),
    ],
)
def test_what_cannot_be_read_is_named_by_its_kind(wrong, named):
    verdict = check("02.stable-softmax", lambda x: wrong(stable(x)))
    assert verdict.hint == "type" and f"returned {named}. Real numbers" in verdict.message


# The kernel


def flood(x):
    """A right answer that does everything a check must hide."""
    import subprocess

    import tqdm
    import tqdm.auto

    print("printed")
    print("printed", file=sys.stderr)
    sys.__stdout__.write("written")
    os.write(1, b"raw")
    subprocess.run(["echo", "from another program"])
    logging.warning("logged")
    for _ in tqdm.tqdm(tqdm.auto.tqdm(range(3))):
        pass
    plt.figure()
    plt.plot(x)
    plt.show()
    warnings.warn("warned", stacklevel=1)
    with contextlib.suppress(ImportError):
        from IPython.display import display

        display("displayed", plt.gcf())
    return np.exp(x - x.max()) / np.exp(x - x.max()).sum()


def meddle(x):
    """A right answer that changes whatever a kernel has."""
    e = np.exp(x - x.max())
    e = e / e.sum()
    np.random.seed(3), random.seed(4), torch.manual_seed(5)
    warnings.simplefilter("error"), np.set_printoptions(precision=1), np.seterr(all="raise")
    torch.set_default_dtype(torch.float64), torch.set_printoptions(precision=2), torch.set_grad_enabled(False)
    torch.set_default_device("meta")
    plt.rcParams["figure.dpi"] = 33
    plt.switch_backend("svg")
    os.chdir(os.sep)
    os.environ["MEDDLED"] = "1"
    sys.path.append("meddled")
    sys.setrecursionlimit(900)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stdout = sys.stderr = sys.stdin = None
    decimal.getcontext().prec = 3
    logging.basicConfig(force=True)
    logging.disable()
    logging.getLogger("meddled").addHandler(logging.StreamHandler())
    diffattn_mini.set_language("ro")
    np.linalg.norm = np.asarray = torch.exp = torch.Tensor.exp = builtins.sum = lambda *args, **options: None
    return e


def state():
    return {
        "streams": (sys.stdout, sys.stderr, sys.stdin, "write" in vars(sys.stdout)),
        "names": (builtins.input, builtins.sum, getpass.getpass, sys.breakpointhook, np.linalg.norm, np.asarray,
                  torch.exp, torch.Tensor.exp),
        "random": (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()),
        "numpy": (np.geterr(), np.get_printoptions()),
        "torch": (torch.get_default_dtype(), torch.get_default_device(), torch.is_grad_enabled(),
                  repr(torch.tensor(1 / 3))),
        "figures": (plt.get_fignums(), plt.get_backend(), dict(plt.rcParams.items())),
        "process": (os.getcwd(), dict(os.environ), sys.path[:], sys.getrecursionlimit(),
                    signal.getsignal(signal.SIGINT), decimal.getcontext().prec, warnings.filters[:]),
        "logging": (logging.root.handlers[:], logging.root.manager.disable, logging.getLogger("meddled").handlers[:]),
        "language": diffattn_mini.get_language(),
    }  # fmt: skip


def test_the_kernel_is_after_a_check_as_it_was_before():
    mine = plt.figure()
    before = state()
    verdict = check("02.stable-softmax", meddle)
    after = state()
    assert {key for key in before if before[key] != after[key]} == set()
    assert plt.gcf() is mine
    plt.close(mine)
    assert verdict.passed and "Your function replaced" in verdict.message
    assert all(name in verdict.message for name in ("`numpy.linalg.norm`", "`torch.exp`", "`builtins.sum`"))
    assert not any(f"`{name}" in verdict.message for name in ("sys", "matplotlib", "diffattn_mini", "torch.Storage"))


def test_nothing_of_the_flood_comes_through(capfd, caplog):
    logging.getLogger().addHandler(handler := logging.StreamHandler())
    try:
        assert check("02.stable-softmax", flood).passed
    finally:
        logging.getLogger().removeHandler(handler)
    assert capfd.readouterr() == ("", "") and plt.get_fignums() == []


def test_in_a_notebook_only_the_verdict_is_shown_and_the_kernel_lives():
    cells = [
        "%matplotlib inline\nimport builtins, contextlib, decimal, logging, os, random, signal, sys, warnings\n"
        "import matplotlib.pyplot as plt, numpy as np, torch, diffattn_mini\nfrom diffattn_mini.check import check\n"
        "logging.basicConfig(level=logging.INFO); plt.figure(); plt.plot([1, 2])\n"
        + inspect.getsource(flood) + 'check("02.stable-softmax", flood)',
        inspect.getsource(meddle) + 'check("02.stable-softmax", meddle)',
        'check("02.stable-softmax", lambda x: exit())',
        'check("02.stable-softmax", lambda x: float(input("x")))',
        "print('alive')",
    ]  # fmt: skip
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, kernel_name="python3", timeout=120).execute()
    shown = [[output.output_type for output in cell.outputs] for cell in notebook.cells]
    assert shown == [["execute_result", "display_data"], *[["execute_result"]] * 3, ["stream"]], "the learner's figure"
    words = [cell.outputs[0].get("data", {}).get("text/plain") for cell in notebook.cells[:-1]]
    for said, expected in zip(words, ("Correct", "Correct", "SystemExit", "asks at the keyboard"), strict=True):
        assert expected in said


@pytest.mark.parametrize("ask", [lambda: input("x"), lambda: getpass.getpass(), breakpoint])
@pytest.mark.parametrize(("language", "words"), [("ro", "întreabă la tastatură"), ("en", "asks at the keyboard")])
def test_a_question_to_the_keyboard_is_refused_at_once(ask, language, words):
    diffattn_mini.set_language(language)
    verdict = check("02.temperature-for-peak", lambda scores, peak: ask())
    assert verdict.hint == "input" and words in verdict.message


def test_an_alarm_left_behind_does_not_ring():
    check("11.schedule", lambda layer: signal.alarm(3600))
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_a_library_patched_before_the_check_is_named_as_the_likely_cause(monkeypatch):
    monkeypatch.setattr(np.linalg, "norm", lambda *args, **options: None)
    verdict = check("01.cosine", lambda a, b: 0.0)
    assert verdict.hint == "broken" and "TypeError" in verdict.message and "Restart the kernel" in verdict.message


# Messages

MISTAKES = [mistake for exercise in EXERCISES.values() for mistake in exercise.mistakes] + list(GENERAL.values())


def test_an_unknown_language_is_refused():
    with pytest.raises(ValueError, match="'ro' or 'en', not 'fr'"):
        diffattn_mini.set_language("fr")


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.key)
def test_a_hint_speaks_both_languages_properly(mistake):
    assert not set('şţŞŢ"$') & set(mistake.ro + mistake.en), "comma below, typographic quotes, no formulas"
    for text in (mistake.ro, mistake.en):
        assert text[0].isupper() or text[0] == "`" or text.startswith("p · v")
        assert text.endswith((".", "?")) and "  " not in text and text.count("`") % 2 == 0
    assert re.findall("`.*?`", mistake.ro) == re.findall("`.*?`", mistake.en)
    assert re.findall(r"\d[\d.,]*\b", mistake.ro.replace(",", ".")) == re.findall(r"\d[\d.,]*\b", mistake.en)


def test_hints_of_one_exercise_have_different_keys():
    for exercise in EXERCISES.values():
        keys = [mistake.key for mistake in exercise.mistakes]
        assert len(keys) == len(set(keys))


@pytest.mark.parametrize(("language", "words"), [("ro", ("Încă nu", "a ieșit", "trebuia", "Indiciu")),
                                                 ("en", ("Not yet", "came", "expected", "Hint"))])  # fmt: skip
def test_a_failure_shows_the_smallest_input_what_came_and_what_was_expected(language, words):
    diffattn_mini.set_language(language)
    message = repr(check("02.stable-softmax", ch02.formula_as_it_stands))
    assert all(word in message for word in words)
    assert re.search(r"x +\[1000\]\n +\S.* +\[nan\]\n +\S.* +\[1\]\n", message)


def test_numbers_that_differ_look_different():
    message = check("11.schedule", lambda layer: 0.8 - 0.6 * np.exp(-0.3 * (layer - 1)) + 2e-5).message
    came, expected = re.search(r"came +(\S+)\n +expected +(\S+)", message).groups()
    assert came != expected


def test_passing_counts_the_trials_with_de_where_romanian_wants_it():
    diffattn_mini.set_language("ro")
    message = check("11.schedule", ch11.schedule_with_loops).message
    assert re.fullmatch(r"Corect\. .* 26 de încercări\.", message)


class Tags(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.open, self.attributes = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("language", ["ro", "en"])
@pytest.mark.parametrize(
    ("answer", "state"),
    [(ch11.head_with_numpy, "passed"), (returning("<b>&"), "failed"), (returns_nothing, "unsolved")],
)
def test_the_html_says_in_words_what_the_colour_says_and_escapes_what_came(language, answer, state):
    diffattn_mini.set_language(language)
    verdict = check("11.one-head", answer)
    page = Tags(verdict._repr_html_())
    assert page.open == []
    assert ("class", f"check-verdict {state}") in page.attributes and ("lang", language) in page.attributes
    assert "<b>" not in verdict._repr_html_()
    first_word = verdict.message.split()[0]
    assert f"<p>{first_word}" in verdict._repr_html_()
    assert "color: #" not in verdict._repr_html_(), "fixed colours would not read in both light and dark"
