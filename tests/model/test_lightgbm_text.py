"""LightGBM's text, damaged or made to mislead: LightGBM, which would crash or hang, never sees any of it."""

import math
import random
import re
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pytest
from tests.model.fuzzing import run_fuzz

from carprice.errors import BundleError
from carprice.model.bundle.contents import read_bundle
from carprice.model.bundle.manifest import RETRAIN, find_bundle
from carprice.model.forest.lightgbm_capi import Trees
from carprice.model.forest.lightgbm_text import MAX_DEPTH, rebuild_text

LEFT_OUT = (
    *("split_gain", "leaf_weight", "internal_value", "internal_weight", "shrinkage"),
    *("objective", "monotone_constraints"),
)
TINY_HEAD = (
    "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=1\n"
    "feature_names=a b\nfeature_infos=none none\ntree_sizes={size}\n\nTree=0\n"
)


@pytest.fixture(scope="module")
def text(small_bundle: Path) -> str:
    text: str = read_bundle(find_bundle(small_bundle)).model["trees"]
    return text


def edit_tree(text: str, number: int, key: str, value: str) -> str:
    """Replace a line of one tree, and correct the sizes."""
    return replace_in_tree(text, number, rf"(?m)^{key}=.*$", f"{key}={value}")


def insert_line(text: str, number: int, line: str) -> str:
    """A line more in one tree, before its children."""
    return replace_in_tree(text, number, r"(?m)^left_child=", f"{line}\nleft_child=")


def replace_in_tree(text: str, number: int, pattern: str, value: str) -> str:
    head, *trees = text.partition("\nend of trees")[0].split("\nTree=")
    trees[number], count = re.subn(pattern, value, trees[number])
    assert count == 1
    sizes = " ".join(str(len(tree) + len("\nTree=")) for tree in trees)
    head = re.sub(r"(?m)^tree_sizes=.*$", f"tree_sizes={sizes}", head)
    return "\nTree=".join([head, *trees]) + text[text.index("\nend of trees") :]


def columns_of(text: str) -> int:
    return len(re.findall(r"(?m)^feature_names=(.*)$", text)[0].split())


def without_sizes(text: str) -> str:
    return re.sub(r"(?m)^tree_sizes=.*$", "", text)


def line_of(text: str, number: int, key: str) -> list[str]:
    tree = text.split("\nTree=")[number + 1]
    return re.findall(rf"(?m)^{key}=(.*)$", tree)[0].split()  # type: ignore[no-any-return]


def test_the_columns_are_read(text: str) -> None:
    assert rebuild_text(text)[0][:3] == ["make", "model", "year"]


def test_an_edit_without_a_change_is_none(text: str) -> None:
    assert edit_tree(text, 3, "num_leaves", line_of(text, 3, "num_leaves")[0]) == text


def test_trees_of_one_leaf_are_fine(text: str) -> None:
    stump = "num_leaves=1\nnum_cat=0\nleaf_value=9.5\nshrinkage=1\n\n"
    head = text.split("\nTree=")[0]
    head = re.sub(r"(?m)^tree_sizes=.*$", f"tree_sizes={len('Tree=0') + 1 + len(stump) + 1}", head)
    model = f"{head}\nTree=0\n{stump}\nend of trees\n"
    assert Trees(model).predict_row([1.0] * 13) == 9.5


@pytest.mark.parametrize("length", [0, 1, 10, 300, 2_000, 10_000, 50_000, -400, -5_000])
def test_a_text_cut_short(text: str, length: int) -> None:
    cut = text[: text.index("end of trees")][:length]
    with pytest.raises(ValueError, match="has no end"):
        rebuild_text(cut)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("tree\n", "tr\0ee\n", r"has a line that is unknown or there twice: 'tr\\x00ee'"),
        ("tree\n", "trée\n", "is not plain text"),
        ("tree\n", "tree\r\n", r"has a line that is unknown or there twice: 'tree\\r'"),
        ("version=v4\n", "version=v9\n", r"version should be v4 \(got v9\)"),
        ("num_class=1\n", "num_class=3\n", r"num_class should be 1 \(got 3\)"),
        ("num_class=1\n", "", r"num_class should be 1 \(got none\)"),
        (
            "num_tree_per_iteration=1\n",
            "num_tree_per_iteration=2\n",
            r"num_tree_per_iteration should be 1 \(got 2\)",
        ),
        ("max_feature_idx=12\n", "max_feature_idx=13\n", r"names 13 columns \(max_feature_idx 13\)"),
        ("max_feature_idx=12\n", "", r"names 13 columns \(max_feature_idx none\)"),
        ("feature_names=make ", "feature_names=", r"names 12 columns \(max_feature_idx 12\)"),
        ("feature_names=make ", "feature_names=model ", "feature_names should be at most 1000 different names"),
        ("feature_names=make ", "feature_names=m\tke ", "feature_names should be at most 1000 different names"),
        ("tree_sizes=", "tree_sizes=1 ", "has 60 trees, but not of the sizes that it states"),
        ("Tree=1\n", "Tree=7\n", "tree 1 should say so \\(got '7'\\)"),
        ("Tree=1\n", "Tree=1 \n", "tree 1 should say so \\(got '1 '\\)"),
        ("shrinkage=", "shrinkage==", "has 60 trees, but not of the sizes that it states"),
        # What Python and LightGBM read in two ways: a key without a name, a line without `=`, a line twice.
        ("tree\n", "tree\n=num_tree_per_iteration=8\n", "has a line .* twice: '=num_tree_per_iteration=8'"),
        ("tree\n", "tree\nnum_class=1\n", "has a line that is unknown or there twice: 'num_class=1'"),
        ("tree\n", "tree\naverage_output\n", "has a line that is unknown or there twice: 'average_output'"),
    ],
)
def test_damage_to_the_whole(text: str, old: str, new: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        rebuild_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("key", "change", "message"),
    [
        ("num_leaves", lambda _: ["31.5"], "invalid literal"),
        ("num_leaves", lambda _: ["3_1"], "num_leaves has a _ in a number"),
        ("num_leaves", lambda _: ["0"], r"num_leaves should be from 1 to 131072 \(got 0 to 0\)"),
        ("num_leaves", lambda _: ["2000000000"], "num_leaves should be from 1 to 131072"),
        ("num_leaves", lambda _: ["30"], r"leaf_value should have 30 numbers \(got 31\)"),
        ("num_leaves", lambda _: [], r"num_leaves should have 1 numbers \(got 0\)"),
        ("is_linear", lambda _: ["1"], "is_linear should be 0"),
        ("leaf_value", lambda old: old[1:], r"leaf_value should have 31 numbers \(got 30\)"),
        ("leaf_value", lambda old: ["nan", *old[1:]], "leaf_value should have 31 finite numbers"),
        ("leaf_value", lambda old: ["1e999", *old[1:]], "leaf_value should have 31 finite numbers"),
        ("leaf_value", lambda old: ["x", *old[1:]], "could not convert string to float"),
        (
            "leaf_value",
            lambda old: ["x" * 10_000, *old[1:]],
            f"could not convert string to float: '{'x' * 44}\\.\\.\\.$",
        ),
        ("leaf_count", lambda old: old[1:], r"leaf_count should have 31 numbers \(got 30\)"),
        ("leaf_count", lambda old: ["0", *old[1:]], "leaf_count should be from 1 to"),
        ("leaf_count", lambda old: ["9" * 5_000, *old[1:]], "Exceeds the limit"),
        ("leaf_count", lambda old: ["7777", *old[1:]], "internal_count: should be the sum of the two below"),
        ("internal_count", lambda old: ["9999", *old[1:]], "internal_count: should be the sum of the two below"),
        ("internal_count", lambda old: old[1:], r"internal_count should have 30 numbers \(got 29\)"),
        ("left_child", lambda old: old[1:], r"left_child should have 30 numbers \(got 29\)"),
        ("left_child", lambda old: ["0", *old[1:]], "left_child, right_child: should name each later node"),
        ("right_child", lambda old: [*old[:5], "2", *old[6:]], "left_child, right_child: should name each later"),
        ("left_child", lambda old: ["30", *old[1:]], r"left_child should be from -31 to 29 \(got -\d+ to 30\)"),
        ("right_child", lambda old: ["-32", *old[1:]], r"right_child should be from -31 to 29 \(got -32 to \d+\)"),
        ("left_child", lambda old: ["1_5", *old[1:]], "left_child has a _ in a number"),
        ("split_feature", lambda old: ["13", *old[1:]], r"split_feature should be from 0 to 12 \(got \d to 13\)"),
        ("split_feature", lambda old: ["-1", *old[1:]], r"split_feature should be from 0 to 12 \(got -1 to \d+\)"),
        ("threshold", lambda old: old[1:], r"threshold should have 30 numbers \(got 29\)"),
        ("threshold", lambda old: ["nan", *old[1:]], "threshold should be numbers"),
        (
            "threshold",
            lambda old: ["0.5", *old[1:]],
            "threshold should be whole numbers where it names categories",
        ),
        (
            "threshold",
            lambda old: ["1e400", *old[1:]],
            r"threshold should be from 0 to \d+ \(got 0 to inf\)|threshold",
        ),
        ("decision_type", lambda old: old[1:], r"decision_type should have 30 numbers \(got 29\)"),
        ("decision_type", lambda old: ["12", *old[1:]], r"decision_type should be from 0 to 11 \(got \d to 12\)"),
        ("num_cat", lambda _: ["0"], "threshold should be from 0 to -2"),
        ("num_cat", lambda _: ["-5"], r"num_cat should be from 0 to 131072 \(got -5 to -5\)"),
        ("cat_boundaries", lambda old: [*old[:-1], "99"], "cat_boundaries do not fit cat_threshold"),
        ("cat_boundaries", lambda _: [], r"cat_boundaries should have 1 numbers \(got 0\)"),
        ("cat_threshold", lambda old: old[1:], "cat_boundaries do not fit cat_threshold"),
        ("cat_threshold", lambda old: ["4294967296", *old[1:]], "cat_threshold should be from 0 to 4294967295"),
        ("cat_threshold", lambda old: ["-1", *old[1:]], "cat_threshold should be from 0 to 4294967295"),
    ],
)
def test_damage_to_a_tree(text: str, key: str, change: "object", message: str) -> None:
    number = next(number for number in range(60) if line_of(text, number, "num_cat") not in (["0"], []))
    damaged = edit_tree(text, number, key, " ".join(change(line_of(text, number, key))))  # type: ignore[operator]
    with pytest.raises(ValueError, match=f"^tree {number}: {message}"):
        rebuild_text(damaged)


def test_the_error_names_the_file(text: str) -> None:
    with pytest.raises(BundleError) as error:
        Trees(text[:1000])
    assert str(error.value) == f"model.pkl: trees: has no end\n{RETRAIN}"


@pytest.mark.parametrize(
    "line",
    [
        "num_leaves=30",  # twice
        "left_child",  # LightGBM joins it with the next line into one key
        "split_featur",
        "=num_leaves=9999",
        "is_linear=0=1",
        "leaf_features=0 0 0",
        "",
    ],
)
def test_no_line_is_read_twice_or_in_two_ways(text: str, line: str) -> None:
    with pytest.raises(ValueError, match=r"^tree 3: has a line that is unknown or there twice"):
        rebuild_text(insert_line(text, 3, line))


def test_the_text_is_what_lightgbm_would_write_of_what_pricing_needs(text: str, small_bundle: Path) -> None:
    """Both forests of a grown model, line for line."""
    for original in (text, read_bundle(find_bundle(small_bundle)).model["spread"]):
        own = lgb.Booster(model_str=original).model_to_string().partition("end of trees")[0]
        kept = re.sub(rf"(?m)^({'|'.join(LEFT_OUT)})(=.*)?\n", "", own)
        kept = re.sub(
            r"(?m)^feature_infos=.*$", f"feature_infos={' '.join(['none'] * columns_of(original))}", kept
        )
        rebuilt = rebuild_text(original)[1]
        assert rebuilt.endswith("\n\n\nend of trees\n")
        assert without_sizes(rebuilt) == without_sizes(kept + "end of trees\n")


def test_it_prices_and_explains_to_the_last_bit_as_the_original(text: str) -> None:
    rebuilt, original = Trees(text), lgb.Booster(model_str=text)
    draw = random.Random(5)
    rows = np.array(
        [[draw.choice((math.nan, draw.randint(-1, 400), draw.gauss(0, 2))) for _ in range(13)] for _ in range(500)]
    )
    assert rebuilt.predict_rows(rows).tobytes() == original.predict(rows, raw_score=True).tobytes()
    for row in rows[:50]:
        assert rebuilt.contributions(row.tolist()) == original.predict([row], pred_contrib=True)[0].tolist()


def test_a_rebuilt_text_is_rebuilt_as_it_is(text: str) -> None:
    rebuilt = rebuild_text(text)[1]
    assert rebuild_text(rebuilt)[1] == rebuilt


def test_what_stands_after_the_trees_is_not_passed_on(text: str) -> None:
    more = "\nparameters:\n[boosting: x]\nend of parameters\nTree=0\nnum_leaves=99\n"
    assert rebuild_text(text + more) == rebuild_text(text)


def build_chain(depth: int) -> str:
    """A model of one tree, in which every split has a leaf on its left."""
    nodes = range(depth)
    lines = {
        "num_leaves": [depth + 1],
        "num_cat": [0],
        "split_feature": [0] * depth,
        "threshold": [float(node) for node in nodes],
        "decision_type": [2] * depth,
        "left_child": [-node - 1 for node in nodes],
        "right_child": [*range(1, depth), -depth - 1],
        "leaf_value": [node / depth for node in range(depth + 1)],
        "leaf_count": [1] * (depth + 1),
        "internal_count": [depth + 1 - node for node in nodes],
        "is_linear": [0],
    }
    tree = "".join(f"{key}={' '.join(map(str, values))}\n" for key, values in lines.items())
    return TINY_HEAD.format(size=len(tree) + len("Tree=0\n\n\n")) + tree + "\n\nend of trees\n"


def test_the_deepest_tree_is_priced_and_explained() -> None:
    trees = Trees(build_chain(MAX_DEPTH))
    assert trees.predict_row([7.0, 0.0]) == 7 / MAX_DEPTH
    assert sum(trees.contributions([7.0, 0.0])) == pytest.approx(7 / MAX_DEPTH)


def test_a_deeper_tree_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^tree 0: should have at most 500 splits above a leaf \(got 501\)$"):
        rebuild_text(build_chain(MAX_DEPTH + 1))


def test_trees_that_add_up_to_no_price_are_refused(text: str) -> None:
    damaged = edit_tree(text, 0, "leaf_value", " ".join(["800", *line_of(text, 0, "leaf_value")[1:]]))
    with pytest.raises(ValueError, match=r"^leaf_value: should add up to at most 100 \(got 80\d"):
        rebuild_text(damaged)


def test_mutated_texts_never_harm() -> None:
    """The same as benchmarks/fuzz_trees.py, of fewer texts."""
    found = run_fuzz(texts=400, processes=2, seed=1)
    assert (found.crashed, found.hung) == (0, 0)
    assert found.refused + found.loaded == 400
    assert found.loaded > 20
