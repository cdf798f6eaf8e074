"""The real tree: chapters show the package's own code, and the README its script's picture.

`press.py --check`, beside this in `make check`, says whether the notebooks are what their manuscripts give.
"""
import ast
import importlib

import picture
import press
import pytest


def bare(tree: ast.stmt) -> str:
    """A definition without its documentation, annotations and decorators (which check its input): what it computes."""
    tree = ast.parse(ast.unparse(tree)).body[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.annotation = None
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            node.returns = None
            node.decorator_list = []
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:]
    return ast.unparse(tree)


def package_definition(path: str) -> ast.stmt:
    module, name = path.rsplit(".", 1)
    with open(importlib.import_module(module).__file__, encoding="utf-8") as file:
        return next(node for node in ast.parse(file.read()).body if getattr(node, "name", None) == name)


DEFINITIONS = press.definitions()


def test_there_are_definitions_to_compare():
    assert len(DEFINITIONS) >= 1


@pytest.mark.parametrize("where, line, name, path, tree", DEFINITIONS, ids=[d[3] for d in DEFINITIONS])
def test_a_definition_in_a_chapter_is_the_package_s_own(where, line, name, path, tree):
    assert bare(tree) == bare(package_definition(path)), f"book/chapters/{where}, line {line}, and {path} differ"


def test_a_definition_that_differs_is_told_apart():
    theirs = ast.parse("def lambda_init(layer: int) -> float:\n    '''Doc.'''\n    return 0.8 - 0.6 * layer").body[0]
    ours = ast.parse("def lambda_init(layer):\n    return 0.8 - 0.6 * (layer - 1)").body[0]
    assert bare(theirs) == "def lambda_init(layer):\n    return 0.8 - 0.6 * layer"
    assert bare(theirs) != bare(ours)


def test_the_readme_s_picture_is_the_one_its_script_draws():
    assert picture.PATH.read_bytes() == picture.picture()
