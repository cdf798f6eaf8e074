"""The checks: right answers pass, wrong ones fail with the hint that fits, and nothing ever crashes."""

import functools
import html.parser
import inspect
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from answers import RIGHT, WRONG, ch01, ch02, ch03, ch04, ch05, ch06, ch07, ch08, ch11  # noqa: F401  (importing the chapters fills the two tables)

import diffattn_mini
from diffattn_mini.check import EXERCISES, Verdict, check, exercises
from diffattn_mini.check.mistakes import GENERAL

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
                           "04.causal", "04.multi-head", "04.rotate",
                           "05.rnn", "05.chain-derivative", "05.lstm-step",
                           "06.additive-scores", "06.alignment-share", "06.beam-step",
                           "07.rms-norm", "07.parameters", "07.nucleus",
                           "08.operations", "08.kv-cache-memory", "08.linear-attention",
                           "11.one-head", "11.lambda", "11.schedule", "11.find-the-bug"]  # fmt: skip


def test_every_exercise_has_eight_wrong_answers_and_three_right_ones(capsys):
    assert {id: len(WRONG[id]) >= 8 and len(RIGHT[id]) >= 3 for id in exercises()} == dict.fromkeys(exercises(), True)
    with capsys.disabled():
        print(f" [{len(wrong)} wrong answers and {len(right)} right ones tried]", end="")


@pytest.mark.parametrize(("id", "answer"), right, ids=name)
def test_a_right_answer_passes_however_it_is_written(id, answer):
    for _ in range(5):  # every call draws new inputs
        verdict = check(id, answer)
        assert verdict.passed and verdict.solved and verdict.hint is None, verdict


@pytest.mark.parametrize(("id", "hint", "answer"), wrong, ids=name)
def test_a_wrong_answer_fails_with_the_hint_that_fits(id, hint, answer):
    for _ in range(3):
        verdict = check(id, answer)
        assert not verdict.passed and verdict.solved, verdict
        assert verdict.hint == hint, verdict


@pytest.mark.parametrize("id", exercises())
def test_every_known_mistake_is_recognised_as_itself(id):
    found = {(m.key, i): check(id, f).hint for m in EXERCISES[id].mistakes for i, f in enumerate(m.functions)}
    assert {key: hint for key, hint in found.items() if hint != key[0]} == {}


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


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("id", exercises())
def test_whatever_the_answer_does_a_verdict_comes(id, capsys):
    diffattn_mini.set_language("ro" if id.startswith("11") else "en")
    for answer in STRANGE + NOT_FUNCTIONS:
        verdict = check(id, answer)
        assert isinstance(verdict, Verdict) and not verdict.passed
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
