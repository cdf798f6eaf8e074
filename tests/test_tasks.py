"""Text and digits: what the tasks hand out is what they say."""

import dataclasses
import json
from collections import Counter

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.datasets import load_digits

from diffattn_mini import get_language, set_language
from diffattn_mini.lab.experiments import chains, documents, experiments, outliers
from diffattn_mini.lab.experiments.language import TEXT, likeness_of_heads
from diffattn_mini.lab.experiments.recall import Reader, gradient_path, learn
from diffattn_mini.lab.tasks import (
    Chains,
    CharacterText,
    DelayedRecall,
    Digits,
    Documents,
    Electrocardiogram,
    InContextClasses,
    Needles,
    Retrieval,
    SelectiveCopying,
    Sentences,
    Translation,
    notebook_prose,
    number_pairs,
)
from diffattn_mini.models.transformer import Config, MiniGPT


def test_a_stretch_of_text_is_in_its_part_and_followed_by_its_next_characters():
    text = CharacterText("".join(chr(97 + (i * i) % 26) for i in range(500)), share=0.6)
    for part, content in (("train", text.content[:300]), ("test", text.content[300:])):
        inputs, targets = text.batch(50, 20, 0, part)
        for x, y in zip(inputs, targets, strict=True):
            assert text.decode(x)[1:] == text.decode(y)[:-1]
            assert text.decode(x) + text.decode(y)[-1] in content


def test_the_default_text_is_python_s_own_and_long():
    from pydoc_data.topics import topics

    assert len(TEXT.content) == sum(map(len, topics.values())) + len(topics) - 1 > 300_000
    assert TEXT.decode(TEXT.encode(TEXT.content[:1000])) == TEXT.content[:1000]
    for strange in (-1, TEXT.vocabulary):
        with pytest.raises(ValueError, match=f"numbers holds {strange}; whole numbers in 0"):
            TEXT.decode(torch.tensor([0, strange]))


@pytest.mark.parametrize(("make", "says"), [
    (lambda: CharacterText("abc").encode("abd"), "the text has no 'd'"),
    (lambda: CharacterText("abcdefghij").batch(1, 5, 0, part="test"), "the part has 1 characters; length=5"),
    (lambda: CharacterText("abcdef").batch(1, 2, 0, part="valid"), "part='valid'"),
    (lambda: Digits().batch(1, 0, part="valid"), "part='valid'"),
    (lambda: Digits(canvas=7), "canvas=7; canvas must be at least 8"),
    (lambda: Digits(piece=9), "piece=9; .* choose piece from 1 to 8"),
    (lambda: Digits(n_pieces=-1), "n_pieces=-1; n_pieces must be at least 0"),
    (lambda: Digits(share=1).batch(1, 0, part="test"), "share=1 leaves no digits in part='test'"),
    (lambda: CharacterText(share=2), "share=2; a number from 0 to 1 is expected"),
])  # fmt: skip
def test_what_cannot_be_is_refused(make, says):
    with pytest.raises(ValueError, match=says):
        make()


@pytest.mark.parametrize("part", ["train", "test"])
def test_each_picture_holds_its_whole_digit_and_pieces_of_others_from_the_same_part(part):
    data = load_digits()
    order = torch.randperm(1797, generator=torch.Generator().manual_seed(0)).numpy()
    chosen = order[:1438] if part == "train" else order[1438:]
    digits, labels = data.images[chosen] / 16, data.target[chosen]
    pictures, answers = Digits(n_pieces=2).batch(12, 3, part)
    for picture, answer in zip(pictures[:, 0].double().numpy(), answers.tolist(), strict=True):
        windows = np.lib.stride_tricks.sliding_window_view(picture, (8, 8)).reshape(-1, 1, 64)
        equal = np.isclose(windows, digits.reshape(1, -1, 64), atol=1e-6).all(-1)  # (windows, digits)
        assert answer in labels[equal.any(0)]


def test_digits_are_drawn_evenly_and_the_same_for_the_same_seed():
    pictures, answers = Digits().batch(600, 0)
    assert stats.chisquare(np.bincount(answers.numpy(), minlength=10)).pvalue > 1e-4
    assert all(torch.equal(a, b) for a, b in zip((pictures, answers), Digits().batch(600, 0), strict=True))
    assert not torch.equal(pictures, Digits().batch(600, 1)[0])


def test_heads_that_look_alike_have_likeness_one():
    torch.manual_seed(0)
    model = MiniGPT(Config(TEXT.vocabulary, 32, 4, n_layers=1))
    tokens, _ = TEXT.batch(4, 16, 0)
    assert 0 < likeness_of_heads(model, tokens)[0] < 1
    attention = model.blocks[0].attention
    with torch.no_grad():
        for projection in (attention.q_proj, attention.k_proj):
            rows = projection.weight.unflatten(0, (4, 8))
            rows[:] = rows[:1].clone()
    assert likeness_of_heads(model, tokens)[0] == pytest.approx(1, abs=1e-5)


def test_the_gradient_s_path_of_a_linear_recurrence_is_a_power():
    """A state that shrinks by 0.9 a step sends back 0.9^T of the gradient."""
    task = DelayedRecall(delay=9)
    model = Reader(task, "rnn", width=8, state=8)
    body = model.body
    with torch.no_grad():
        for p in body.parameters():
            p.zero_()
        body.weight_hh_l0.copy_(0.9 * torch.eye(8))
        body.weight_ih_l0.copy_(1e-4 * torch.eye(8))  # so small that `tanh` is a line
    assert gradient_path(model, task) == pytest.approx(0.9**10, rel=1e-3)


def test_a_gradient_whose_squares_float32_cannot_hold_is_measured_all_the_same():
    """An RNN that forgets: after 100 tokens its gradient is 1e-32 or less; the same network in float64 agrees."""
    task, lengths = DelayedRecall(100), []
    for precision in (torch.float32, torch.float64):
        torch.manual_seed(2)
        lengths.append(gradient_path(Reader(task, "rnn").to(precision), task))
    assert 0 < lengths[0] < 1e-30 and lengths[0] == pytest.approx(lengths[1], rel=0.02)


def test_the_readers_of_recall_are_of_one_size():
    sizes = [sum(p.numel() for p in Reader(DelayedRecall(50, n_noise=0), kind).parameters())
             for kind in ("rnn", "gru", "lstm", "standard")]  # fmt: skip
    assert max(sizes) / min(sizes) < 1.011


def test_validation_and_test_share_no_text_of_recall():
    seen = {}

    class Watched(DelayedRecall):
        def batch(self, n, seed):
            seen[part].append(seed)
            return super().batch(n, seed)

    for part in ("test", "validation"):
        seen[part], task = [], Watched(2, n_noise=0)
        learn(Reader(task, "gru", width=8, state=8), task, seed=0, rate=1e-3, steps=3, part=part)
    assert len(seen["test"]) == 4 and not set(seen["test"]) & set(seen["validation"])


def test_every_experiment_says_what_it_is_in_both_languages():
    found = experiments()
    assert len(found) >= 6
    for experiment in found.values():
        assert len(experiment.seeds) >= 5 and all(len(experiment.question[lang]) > 30 for lang in ("ro", "en"))
        if {"diff", "diff2"} & set(experiment.arms[1:]):  # held against another kind
            depths = [f"{experiment.name[:-1]}{depth}" for depth in range(1, 5)]  # robustness-1, -2, ...
            family = [found[name] for name in {experiment.name, *depths} if name in found]
            assert any("normed" in member.arms for member in family)  # the control beside it, at one depth at least


# Sequences and signals


@pytest.mark.parametrize(("length", "needles"), [(9, 1), (9, 2), (64, 8)])
@pytest.mark.parametrize("depth", [0, 0.3, 0.5, 1])
def test_a_needle_stands_at_its_depth_and_its_key_nowhere_else(length, needles, depth):
    task = Needles(length, needles, depth)
    texts, answers = task.batch(30, 0)
    for text, answer in zip(texts.tolist(), answers.tolist(), strict=True):
        places = [i for i, token in enumerate(text[:-1]) if token == text[-1]]
        assert places == [round(depth * (length - 3))] and text[places[0] + 1] == answer
        keys = [i for i, token in enumerate(text[:-1]) if task.n_words <= token < task.n_words + task.n_keys]
        assert len(keys) == needles == len({text[i] for i in keys})
        assert all(task.n_words + task.n_keys <= text[i + 1] < task.vocabulary for i in keys)


def test_the_letters_to_copy_are_those_of_the_text_in_their_order():
    task = SelectiveCopying(length=20, n_marked=5)
    texts, letters = task.batch(50, 0)
    for text, expected in zip(texts.tolist(), letters.tolist(), strict=True):
        assert [token for token in text[:20] if token] == expected and text[20:] == [task.n_letters + 1] * 5


@pytest.mark.parametrize("order", ["random", "alternating"])
def test_the_classes_of_a_text_are_those_of_one_plane(order):
    """Some plane divides the points of a text as their classes say, the point that is asked for among them."""
    batch = InContextClasses(n_shots=30, dim=2, order=order).batch(40, 0)
    signs = 2 * torch.cat([batch.classes, batch.answer[:, None]], dim=1) - 1
    if order == "alternating":
        assert batch.classes.tolist() == [[0, 1] * 15] * 40
    else:
        assert stats.binomtest(int(batch.classes.sum()), batch.classes.numel()).pvalue > 1e-4
    assert 8 <= batch.answer.sum() <= 32
    angles = torch.linspace(0, 2 * torch.pi, 20001)
    planes = torch.stack([angles.cos(), angles.sin()])  # (2, directions)
    for points, sign in zip(batch.points, signs, strict=True):
        right = ((points @ planes).sign() == sign[:, None]).all(0)
        assert right.any()


def test_the_difference_of_the_electrodes_is_the_heart_what_is_left_of_the_hum_and_the_motion():
    task = Electrocardiogram(noise=0, balance=0.9, motion=0.7)
    record, still = task.record(0), dataclasses.replace(task, motion=0).record(0)
    left = record.first - record.second
    at_50 = round(50 * task.seconds)
    amplitude = 2 * np.abs(np.fft.rfft(left)) / len(left)
    assert amplitude[at_50] == pytest.approx(0.1 * task.mains, rel=0.02)
    clean = still.first - still.second / task.balance  # weighted so, none of the hum is left
    np.testing.assert_allclose(clean, (0.6 + 0.4 / 0.9) * record.heart, atol=1e-12)
    np.testing.assert_allclose(record.second, still.second)
    drift = record.first - still.first  # slow, with one jolt, on the first electrode alone
    assert np.abs(np.diff(drift)).argmax() == round(0.6 * task.seconds * task.rate)
    assert 0.7 < np.abs(drift).max() < 1.1
    peaks = [i for i in range(1, len(record.heart) - 1) if record.heart[i] > 0.9 and record.heart[i] >= max(
        record.heart[i - 1], record.heart[i + 1])]  # fmt: skip
    assert np.diff(record.time[peaks]) == pytest.approx(60 / task.pulse, abs=2 / task.rate)


TASKS = [Needles(), SelectiveCopying(), InContextClasses(), DelayedRecall(), Digits(), Retrieval(), TEXT,
         Sentences("en"), Sentences("ro"), Chains(), Documents(), Electrocardiogram()]  # fmt: skip


def name_of(task):
    return type(task).__name__


def draw(task, seed, n=8):
    """What the task hands out for a seed: tensors, or arrays."""
    if isinstance(task, Electrocardiogram):
        return task.record(seed)
    return task.batch(n, 12, seed) if isinstance(task, CharacterText | Sentences) else task.batch(n, seed)


@pytest.mark.parametrize("task", TASKS, ids=name_of)
def test_batches_are_the_same_for_the_same_seed_and_others_for_another(task):
    one, same, other = (list(map(np.asarray, draw(task, seed))) for seed in (5, 5, 6))
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("task", TASKS, ids=name_of)
def test_numbers_of_numpy_are_numbers(task):
    kinds = {int: np.int64, float: np.float16}  # 0.5 and the like are exact in both
    task = dataclasses.replace(task, **{name: 0.5 for name in ("depth", "share") if hasattr(task, name)})
    numbers = {f.name: kinds[type(getattr(task, f.name))](getattr(task, f.name)) for f in dataclasses.fields(task)
               if type(getattr(task, f.name)) in kinds and f.name not in ("balance", "mains", "motion", "noise")}
    assert numbers or isinstance(task, CharacterText)
    same = dataclasses.replace(task, **numbers)
    for a, b in zip(draw(task, 3, 2), draw(same, np.uint8(3), np.int64(2)), strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-12)
    assert same.describe() == task.describe()


def test_where_tensors_are_made_elsewhere_tasks_say_how_to_draw():
    with torch.device("meta"), pytest.raises(ValueError, match="the default device is meta; tasks draw on the CPU: "):
        Retrieval().batch(2, 0)


@pytest.mark.parametrize("task", TASKS, ids=name_of)
def test_a_task_says_what_it_is_in_both_languages(task):
    before = get_language()
    try:
        said = {}
        for language in ("ro", "en"):
            set_language(language)
            said[language] = task.describe()
    finally:
        set_language(before)
    assert all(len(sentence) > 20 and sentence.endswith(".") for sentence in said.values())
    assert set("ăâîșț") & set(said["ro"]) and not set("ăâîșț") & set(said["en"])


def test_a_generator_goes_on_where_a_number_starts_anew():
    generator = torch.Generator().manual_seed(5)
    first, second = (Retrieval().batch(4, generator) for _ in range(2))
    assert torch.equal(first.values, Retrieval().batch(4, 5).values) and not torch.equal(first.values, second.values)


@pytest.mark.parametrize("task", TASKS, ids=name_of)
@pytest.mark.parametrize("seed", ["a", 1.0, None, True])
def test_a_seed_is_a_whole_number(task, seed):
    with pytest.raises(TypeError, match=f"seed must be a .*whole number; it is {seed!r}"):
        draw(task, seed)


@pytest.mark.parametrize("task", TASKS[:-1], ids=name_of)
def test_a_batch_is_of_at_least_one(task):
    with pytest.raises(ValueError, match="n=-1; n must be at least 1"):
        draw(task, 0, n=-1)
    with pytest.raises(TypeError, match="n must be a whole number; it is 2.0"):
        draw(task, 0, n=2.0)


@pytest.mark.parametrize(("make", "says"), [
    (lambda: Retrieval(length=64.0), "length must be a whole number; it is 64.0"),
    (lambda: Needles(depth="deep"), "depth must be a number; it is 'deep'"),
    (lambda: Digits(share="0.8"), "share must be a number; it is '0.8'"),
    (lambda: CharacterText(7), "text must be a string; it is of type int"),
    (lambda: TEXT.batch(1, 5.0, 0), "length must be a whole number; it is 5.0"),
    (lambda: DelayedRecall(delay=2.5), "delay must be a whole number; it is 2.5"),
    (lambda: Electrocardiogram(rate=99.5), "rate must be a whole number; it is 99.5"),
])  # fmt: skip
def test_what_is_of_another_type_is_refused(make, says):
    with pytest.raises(TypeError, match=says):
        make()


@pytest.mark.parametrize(("make", "says"), [
    (lambda: Needles(length=8, n_needles=2), "n_needles=2"), (lambda: Needles(depth=1.5), "depth=1.5"),
    (lambda: SelectiveCopying(4, 5), "n_marked=5"), (lambda: InContextClasses(order="sorted"), "order='sorted'"),
    (lambda: InContextClasses(3, order="alternating"), "n_shots=3 is odd"),
    (lambda: Needles(n_values=0), "n_values=0; n_values must be at least 1"),
    (lambda: Needles(n_needles=0), "n_needles=0; n_needles must be at least 1"),
    (lambda: SelectiveCopying(n_letters=0), "n_letters=0"), (lambda: InContextClasses(dim=0), "dim=0"),
    (lambda: DelayedRecall(n_symbols=0), "n_symbols=0"), (lambda: DelayedRecall(n_noise=-1), "n_noise=-1"),
    (lambda: Retrieval(n_values=0), "n_values=0"), (lambda: Retrieval(n_asked=65, n_keys=99), "n_asked=65; from 1 to"),
    (lambda: Needles().batch(1, 2**64), "seed=18446744073709551616; a seed of 64 bits"),
    (lambda: Electrocardiogram(rate=0), "rate=0; rate must be at least 1"),
    (lambda: Electrocardiogram(seconds=0), "seconds=0; a number from 0.002 to inf"),
    (lambda: Electrocardiogram(pulse=0), "pulse=0; a number from 1 to inf"),
    (lambda: Electrocardiogram(noise=-1), "noise=-1; a number from 0 to inf"),
    (lambda: Electrocardiogram(balance=float("nan")), "balance=nan; a finite number"),
    (lambda: Electrocardiogram().record(-1), "seed=-1; seed must be at least 0"),
    (lambda: Sentences("fr"), "language='fr'"), (lambda: Sentences("en").batch(1, 0, 0), "length"),
])  # fmt: skip
def test_tasks_that_cannot_be_are_refused(make, says):
    with pytest.raises(ValueError, match=says):
        make()


def test_prose_is_the_words_of_the_notebooks_and_nothing_else(tmp_path):
    cells = [("markdown", "# Title\n\nA *word*, $x^2$ and `code`; [a link](there.md).\n\n$$\ny\n$$\n"),
             ("code", "print(1)"), ("markdown", "```{note}\nhidden\n```\n<b>Bold</b>  end\n\n| a | b |\n")]  # fmt: skip
    book = {"cells": [{"cell_type": kind, "source": source.splitlines(keepends=True)} for kind, source in cells]}
    (tmp_path / "01.ipynb").write_text(json.dumps(book))
    assert notebook_prose(tmp_path) == "A word, and code; a link.\nBold end"
    (tmp_path / "01.ipynb").write_text(json.dumps(book), encoding="utf-8-sig")  # as some editors save it
    assert notebook_prose(tmp_path) == "A word, and code; a link.\nBold end"
    for content in (b"{", b'{"worksheets": []}', b"[]", "{\"cells\": \"ș\"}".encode("utf-16")):
        (tmp_path / "02.ipynb").write_bytes(content)
        with pytest.raises(ValueError, match=r"02\.ipynb is not a notebook of version 4 in UTF-8"):
            notebook_prose(tmp_path)
    with pytest.raises(FileNotFoundError, match="has no notebooks"):
        notebook_prose(tmp_path / "none")


@pytest.mark.parametrize("language", ["ro", "en"])
def test_the_prose_of_the_book_is_text_enough_to_learn_from(language):
    text = CharacterText(notebook_prose(f"notebooks/{language}"))
    assert len(text.content) > 20_000
    assert (text.content.count("ș") > 0.002 * len(text.content)) == (language == "ro")  # English quotes a few words
    assert "$" not in text.content and "`" not in text.content
    inputs, targets = text.batch(3, 50, seed=0)
    assert text.decode(inputs[0, 1:]) == text.decode(targets[0, :-1])


def test_a_text_of_sentences_runs_on_and_each_of_them_is_of_its_split():
    task = Sentences("en")
    for split in ("train", "test"):
        inputs, targets = task.batch(6, 60, 3, split)
        assert torch.equal(inputs[:, 1:], targets[:, :-1])
        for row in inputs.tolist():
            words = task.vocabulary.decode(row)
            assert len(words) == 60 and words[0] == "."
            sentences = " ".join(words[1:]).split(" .")[:-1]  # the last one may be cut short
            assert sentences
            assert {Translation().split_of([*sentence.split(), "."]) for sentence in sentences} == {split}
    assert torch.equal(task.batch(2, 9, 5)[0], task.batch(2, 9, 5)[0])


def test_a_sentence_that_does_not_agree_differs_in_one_word_and_is_wrong():
    third = {"he", "she"}
    seen = 0
    for right, wrong in Sentences("en").agreement(200, seed=1):
        (place,) = (i for i, (a, b) in enumerate(zip(right, wrong, strict=True)) if a != b)
        if right[place - 1] in third:
            seen += 1
            assert right[place].endswith("s") and (wrong[place] in ("am", "are") or wrong[place] + "s" == right[place]
                                                   or wrong[place] + "es" == right[place])  # fmt: skip
    assert seen > 3
    for right, wrong in Sentences("ro").agreement(500, seed=1):
        (changed,) = ((a, b) for a, b in zip(right, wrong, strict=True) if a != b)
        assert changed[0][0] == changed[1][0]  # another form of the same adjective
        assert changed[0] != "noi" and "din " + changed[0] not in " ".join(right)  # not a pronoun, not an adverb
        noun = right[right.index(changed[0]) - 1]
        if noun in ("fata", "fată", "casa", "casă", "pisica", "pisică"):
            assert changed[0].endswith(("ă", "e", "a", "ea")) or changed[0] == "mare"


def test_an_owner_of_the_other_number_is_told_by_the_endings_that_english_has():
    """By spelling alone: a noun in -s, or one of three others, is plural; so is "are", "do" and a verb without -s."""
    def is_plural(noun):
        return noun.endswith("s") or noun in ("men", "women", "children", "mice")

    owners = Counter()
    for right, wrong, owner in number_pairs("en", 2000, seed=1):
        (place,) = (i for i, (a, b) in enumerate(zip(right, wrong, strict=True)) if a != b)
        several = right[place] in ("are", "do") or not right[place].endswith("s")
        start = max(i for i in range(place) if right[i] in (".", ",", "and", "but", "because", "while")) + 1
        owners[owner] += 1
        if "of" in right[start:place]:
            assert owner == ("same" if is_plural(right[place - 1]) == several else "other"), right
        else:
            assert owner == "none"
    assert min(owners.values()) > 50 and set(owners) == {"none", "same", "other"}


def test_an_owner_of_many_in_romanian_is_the_one_whose_words_end_in_lor():
    seen = Counter()
    for right, wrong, owner in number_pairs("ro", 3000, seed=1):
        (place,) = (i for i, (a, b) in enumerate(zip(right, wrong, strict=True)) if a != b)
        start = max(i for i in range(place) if right[i] in (".", ",", "și", "dar", "fiindcă", "ce")) + 1
        subject = right[start + 1 : place]
        if right[place] in ("este", "sunt") and any(word.endswith(("lor", "unor", "acestor")) for word in subject):
            seen[owner] += 1
            assert owner == ("same" if right[place] == "sunt" else "other"), right
        if not any(word.endswith(("lor", "lui", "ei", "ii", "or", "ui")) for word in subject):
            assert owner == "none", right
    assert min(seen[owner] for owner in ("same", "other")) > 5


# Several steps, several documents


def test_the_sizes_of_activations_are_those_of_the_table_s_places_then_the_median():
    values = torch.arange(1, 202).float()
    values[::2] *= -1  # 201 is odd and stands in an even place
    shuffled = values[torch.randperm(201, generator=torch.Generator().manual_seed(0))].view(3, 67)
    assert outliers.sizes(shuffled) == [201, 200, 199, 192, 102, 101]


@pytest.mark.parametrize("task", [Chains(), Chains(length=12, hops=3, n_ring=5, n_signs=6, n_fillers=2),
                                  Chains(length=4, hops=3, n_ring=4, n_signs=4)])  # fmt: skip
def test_a_walk_follows_the_facts_and_no_sign_of_the_ring_has_two(task):
    facts = task.batch(20, 0, walks=3)
    assert facts.keys.shape == facts.values.shape == (20, task.length)
    assert facts.walks.shape == (20, 3, task.hops + 1)
    for keys, values, walks in zip(*(part.tolist() for part in facts), strict=True):
        ring = [key for key in keys if key < task.n_signs]
        assert len(ring) == len(set(ring)) == task.n_ring
        assert all(0 <= value < task.n_signs for value in values)
        assert all(key < task.n_signs + task.n_fillers for key in keys)
        leads = dict(zip(keys, values, strict=True))
        assert all(leads[here] == there for walk in walks for here, there in zip(walk, walk[1:], strict=False))
        assert all(len(set(walk)) == task.hops + 1 for walk in walks), "no step comes back"
        assert len({walk[0] for walk in walks}) == 3


def test_fillers_lead_to_signs_as_often_as_the_ring_does_and_facts_stand_anywhere():
    facts = Chains().batch(400, 1)
    filler = facts.keys >= 32
    assert filler.sum(1).eq(24).all()
    assert stats.chisquare(np.bincount(facts.values[filler].numpy(), minlength=32)).pvalue > 1e-4
    assert stats.chisquare((~filler).sum(0).numpy()).pvalue > 1e-4  # of the places


@pytest.mark.parametrize("task", [Documents(), Documents(n_documents=1, n_facts=3, n_subjects=2, n_keys=4),
                                  Documents(n_documents=12)])  # fmt: skip
def test_a_question_is_answered_by_its_own_document_and_by_no_other(task):
    library = task.batch(30, 0, asked=9)
    assert library.subjects.shape == (30, task.n_documents * task.n_facts) and library.answers.shape == (30, 9)
    for subjects, keys, values, asked_subjects, asked_keys, answers in zip(*(x.tolist() for x in library), strict=True):
        facts = dict(zip(zip(subjects, keys, strict=True), values, strict=True))
        assert len(facts) == len(values), "a key stands at most once in a document"
        assert len(set(subjects)) == task.n_documents
        for i, (subject, key, answer) in enumerate(zip(asked_subjects, asked_keys, answers, strict=True)):
            assert subject in subjects
            assert facts.get((subject, key), task.n_values) == answer
            assert (answer == task.n_values) == (i % 4 == 0)


def test_other_documents_often_tell_the_same_key():
    library = Documents(4).batch(200, 2)
    same_key = (library.keys[:, None] == library.asked_keys[..., None]).sum(-1)  # facts that half of a question fits
    assert same_key.float().mean() > 1.8 and same_key.max() <= 4


@pytest.mark.parametrize(("make", "error", "says"), [
    (lambda: Chains(length=6, n_ring=8), ValueError, r"n_ring=8; from 1 to min\(length=6, n_signs=32\)"),
    (lambda: Chains(n_signs=7), ValueError, "n_ring=8"),
    (lambda: Chains(hops=8), ValueError, "hops=8 come back to where they began; below n_ring=8"),
    (lambda: Chains(hops=0), ValueError, "hops=0"),
    (lambda: Chains(length=32.0), TypeError, "length"),
    (lambda: Chains().batch(2, 0, walks=9), ValueError, "walks=9 begin at different signs; at most n_ring=8"),
    (lambda: Chains().batch(0, 0), ValueError, "n=0"),
    (lambda: Documents(n_documents=33), ValueError, "n_documents=33; at most n_subjects=32"),
    (lambda: Documents(n_facts=8), ValueError, "n_facts=8 leave no key untold; below n_keys=8"),
    (lambda: Documents(n_values=0), ValueError, "n_values=0"),
    (lambda: Documents(n_keys=True), TypeError, "n_keys"),
    (lambda: Documents().batch(1, 0, asked=0), ValueError, "asked=0"),
])  # fmt: skip
def test_facts_that_cannot_be_are_refused(make, error, says):
    with pytest.raises(error, match=says):
        make()


class Knows(torch.nn.Module):
    """Follows the facts, but errs at one step of each text."""

    def __init__(self, task, errs_at):
        super().__init__()
        self.task, self.errs_at = task, errs_at

    def forward(self, keys, values, written):
        step = written.shape[1]
        at = (keys == written[:, -1:]).float().argmax(1)
        following = values.gather(1, at[:, None])
        if step == self.errs_at:
            following = (following + 1) % self.task.n_signs
        scores = torch.nn.functional.one_hot(following, self.task.n_signs).float()
        return scores.expand(-1, step, -1)


@pytest.mark.parametrize(("errs_at", "expected"), [(None, [1, 1, 1, 1]), (1, [0, 0, 0, 0]), (3, [1, 1, 0, 0])])
def test_a_walk_is_right_up_to_its_first_wrong_step(errs_at, expected):
    task = Chains()
    assert chains.walk(Knows(task, errs_at), task.batch(10, 0)) == expected


class Answers(torch.nn.Module):
    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def forward(self, library):
        return torch.nn.functional.one_hot(self.answer(library), 33).float()


def of_another_document(library):
    """The value that some other document has for the same key; where none has, the right answer."""
    answers = library.answers.clone()
    for text, asked in np.ndindex(*answers.shape):
        for subject, key, value in zip(library.subjects[text], library.keys[text], library.values[text], strict=True):
            if key == library.asked_keys[text, asked] and subject != library.asked_subjects[text, asked]:
                answers[text, asked] = value
    return answers


def test_right_mixed_and_invented_answers_are_told_apart():
    task = Documents(12)
    library = task.batch(20, 0)

    def found(answer):
        return documents.ask(Answers(answer), task, library)

    assert found(lambda asked: asked.answers) == {"right": 1, "mixed": 0, "invented": 0}
    assert found(lambda asked: torch.full_like(asked.answers, 32)) == {"right": 0, "mixed": 0, "invented": 0}
    mixed = found(of_another_document)
    assert mixed["right"] < 0.1 and mixed["mixed"] > 0.9 and mixed["invented"] > 0.9
    assert mixed["right"] + mixed["mixed"] == pytest.approx(1)


def test_a_walker_and_a_librarian_answer_in_the_shape_that_is_asked():
    torch.manual_seed(0)
    task, library_task = Chains(length=10, hops=2, n_ring=3), Documents(2)
    walker, librarian = chains.Walker(task, "diff", 16, 2, 1), documents.Librarian(library_task, "diff2", 16, 2, 1)
    facts, library = task.batch(3, 0, walks=2), library_task.batch(3, 0)
    assert walker(facts.keys, facts.values, facts.walks.flatten(1)).shape == (3, 6, 32)
    assert librarian(library).shape == (3, 8, 33)
    assert all(loss.ndim == 0 and loss > 0 for loss in (chains.loss(walker, facts), documents.loss(librarian, library)))


def test_a_question_sees_the_facts_and_no_other_question():
    torch.manual_seed(0)
    task = Documents(2)
    librarian, library = documents.Librarian(task, "standard", 16, 2, 2), task.batch(2, 0)
    changed = library._replace(asked_keys=torch.cat([library.asked_keys[:, :1], library.asked_keys[:, 1:].flip(1)], 1))
    assert torch.allclose(librarian(library)[:, 0], librarian(changed)[:, 0], atol=1e-6)
    other = library._replace(values=(library.values + 1) % 32)
    assert not torch.allclose(librarian(library)[:, 0], librarian(other)[:, 0], atol=1e-3)
