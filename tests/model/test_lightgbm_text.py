"""LightGBM's text, damaged: each fault is found before LightGBM sees it, which would crash or hang."""

import re
from pathlib import Path

import pytest

from carprice.errors import BundleError
from carprice.model.bundle import read_bundle
from carprice.model.lightgbm_capi import Trees
from carprice.model.lightgbm_text import check_model_text
from carprice.model.manifest import RETRAIN, find_bundle


@pytest.fixture(scope="module")
def text(small_bundle: Path) -> str:
    text: str = read_bundle(find_bundle(small_bundle)).model["trees"]
    return text


def edit_tree(text: str, number: int, key: str, value: str) -> str:
    """Replace a line of one tree, and mend the sizes."""
    head, *trees = text.partition("\nend of trees")[0].split("\nTree=")
    trees[number], count = re.subn(rf"(?m)^{key}=.*$", f"{key}={value}" if value else "", trees[number])
    assert count == 1
    sizes = " ".join(str(len(tree) + len("\nTree=")) for tree in trees)
    head = re.sub(r"(?m)^tree_sizes=.*$", f"tree_sizes={sizes}", head)
    return "\nTree=".join([head, *trees]) + text[text.index("\nend of trees") :]


def line_of(text: str, number: int, key: str) -> list[str]:
    tree = text.split("\nTree=")[number + 1]
    return re.findall(rf"(?m)^{key}=(.*)$", tree)[0].split()  # type: ignore[no-any-return]


def test_the_columns_are_read(text: str) -> None:
    assert check_model_text(text)[:3] == ["make", "model", "year"]


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
        check_model_text(cut)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("tree\n", "tr\0ee\n", "is not plain text"),
        ("tree\n", "trée\n", "is not plain text"),
        ("tree\n", "tree\r\n", "is not plain text"),
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
        ("tree_sizes=", "tree_sizes=1 ", "has 60 trees, but not of the sizes that it states"),
        ("Tree=1\n", "Tree=7\n", "has 60 trees, but not of the sizes that it states"),
        ("Tree=1\n", "Tree=1 \n", "has 60 trees, but not of the sizes that it states"),
        ("shrinkage=", "shrinkage==", "has 60 trees, but not of the sizes that it states"),
    ],
)
def test_damage_to_the_whole(text: str, old: str, new: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        check_model_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("key", "change", "message"),
    [
        ("num_leaves", lambda _: ["31.5"], "invalid literal"),
        ("num_leaves", lambda _: ["0"], r"num_leaves should be at least 1 \(got 0\)"),
        ("num_leaves", lambda _: ["2000000000"], "leaf_value should have 2000000000 finite numbers"),
        ("num_leaves", lambda _: ["1"], "leaf_value should have 1 finite numbers"),
        ("num_leaves", lambda _: [], r"num_leaves should be at least 1 \(got none\)"),
        ("is_linear", lambda _: ["1"], "is_linear should be 0"),
        ("leaf_value", lambda old: old[1:], "leaf_value should have 31 finite numbers"),
        ("leaf_value", lambda old: ["nan", *old[1:]], "leaf_value should have 31 finite numbers"),
        ("leaf_value", lambda old: ["1e999", *old[1:]], "leaf_value should have 31 finite numbers"),
        ("leaf_value", lambda old: ["x", *old[1:]], "could not convert string to float"),
        ("left_child", lambda old: old[1:], r"left_child should have 30 numbers \(got 29\)"),
        (
            "left_child",
            lambda old: ["0", *old[1:]],
            r"left_child: node 0 should lead on to a later node or a leaf \(got 0\)",
        ),
        (
            "right_child",
            lambda old: [*old[:5], "2", *old[6:]],
            r"right_child: node 5 should lead on to a later node or a leaf \(got 2\)",
        ),
        (
            "left_child",
            lambda old: ["30", *old[1:]],
            r"left_child: node 0 should lead on to a later node or a leaf \(got 30\)",
        ),
        (
            "right_child",
            lambda old: ["-32", *old[1:]],
            r"right_child: node 0 should lead on to a later node or a leaf \(got -32\)",
        ),
        ("left_child", lambda old: ["1_5", *old[1:]], "has a _ in a number"),
        ("split_feature", lambda old: ["13", *old[1:]], r"split_feature should be from 0 to 12 \(got \d to 13\)"),
        ("split_feature", lambda old: ["-1", *old[1:]], r"split_feature should be from 0 to 12 \(got -1 to \d+\)"),
        ("threshold", lambda old: old[1:], r"threshold should have 30 numbers \(got 29\)"),
        ("decision_type", lambda old: old[1:], r"decision_type should have 30 numbers \(got 29\)"),
        ("num_cat", lambda _: ["0"], "threshold should be from 0 to -1"),
        ("num_cat", lambda _: ["-5"], r"num_cat should be at least 0 \(got -5\)"),
        ("cat_boundaries", lambda old: [*old[:-1], "99"], "cat_boundaries do not fit cat_threshold"),
        ("cat_boundaries", lambda _: [], "cat_boundaries do not fit cat_threshold"),
        ("cat_threshold", lambda old: old[1:], "cat_boundaries do not fit cat_threshold"),
    ],
)
def test_damage_to_a_tree(text: str, key: str, change: "object", message: str) -> None:
    number = next(number for number in range(60) if line_of(text, number, "num_cat") not in (["0"], []))
    damaged = edit_tree(text, number, key, " ".join(change(line_of(text, number, key))))  # type: ignore[operator]
    with pytest.raises(ValueError, match=f"^tree {number}: {message}"):
        check_model_text(damaged)


def test_the_error_names_the_file(text: str) -> None:
    with pytest.raises(BundleError) as error:
        Trees(text[:1000])
    assert str(error.value) == f"model.pkl: trees: has no end\n{RETRAIN}"


def test_what_lightgbm_itself_refuses_is_its_own_error(text: str) -> None:
    with pytest.raises(BundleError) as error:
        Trees(re.sub(r"(?m)^feature_infos=.*$", "feature_infos=none", text))
    assert str(error.value) == f"LightGBM refuses the trees: Wrong size of feature_infos\n{RETRAIN}"
