"""Two languages, one content: what must agree is found to agree, and a planted difference is named."""
import pytest
from parity import differences

RO = """(sums)=
## Suma ponderilor

La 1.024 de cuvinte, 87 % din atenție și 0,5 din rest: $p = 0{,}5$.
Vezi `softmax`, [aici](02-softmax.md#axis), {cite:p}`ye2025diff`.
"""
EN = """(sums)=
## The sum of the weights

At 1,024 words, 87% of the attention and 0.5 of the rest: $p = 0.5$.
See `softmax`, [here](02-softmax.md#axis), {cite:p}`ye2025diff`.
"""


def test_each_language_may_write_numbers_and_equations_its_own_way():
    assert differences(RO, EN) == []


@pytest.mark.parametrize("old, new, named", [
    ("0.5 of", "0.6 of", "numbers differ: Romanian 0.5, English 0.6"),
    ("87%", "78%", "numbers differ: Romanian 87, English 78"),
    ("1,024", "1,025", "numbers differ: Romanian 1024, English 1025"),
    ("$p = 0.5$", "$p = 0.05$", "equations differ: Romanian p=0.5, English p=0.05"),
    ("`softmax`", "`sotfmax`", "code spans differ: Romanian `softmax`, English `sotfmax`"),
    ("#axis", "#axes", "links differ: Romanian 02-softmax.md#axis, English 02-softmax.md#axes"),
    ("{cite:p}`ye2025diff`", "the paper", "citations differ: Romanian ye2025diff, English nothing"),
    ("## The", "### The", "heading levels differ: Romanian 2, English 3"),
    ("(sums)=", "(sum)=", "anchors differ: Romanian sums, English sum"),
])
def test_a_planted_difference_is_named(old, new, named):
    assert old in EN
    assert differences(RO, EN.replace(old, new)) == [named]


def test_words_inside_an_equation_may_be_translated():
    assert differences(r"$a_{\text{răspuns}} = 1$", r"$a_{\text{answer}} = 1$") == []
    assert differences(r"$a_{\text{răspuns}} = 1$", r"$b_{\text{answer}} = 1$") != []
