"""Checks the text of a LightGBM model before LightGBM reads it.

LightGBM trusts the text: a wrong size ends the process, a child node out of range makes it read other memory, a
child that is an earlier node makes it loop for ever. After these checks any row is safe to price. The format is of
GBDT::SaveModelToString and Tree::ToString: https://github.com/microsoft/LightGBM/tree/v4.6.0/src
"""

import math
import re

_END = "\nend of trees"
_SINGLE = {"num_class": "1", "num_tree_per_iteration": "1"}
_IS_CATEGORICAL = 1
_is_plain = re.compile(r"[\n -~]*").fullmatch


def check_model_text(text: str) -> list[str]:
    """Check every tree and return the names of the columns. Raises ValueError saying what is wrong."""
    body, end, _ = text.partition(_END)
    if not _is_plain(body):
        raise ValueError("is not plain text")
    if not end:
        raise ValueError("has no end")
    head, *trees = body.split("\nTree=")
    header = _read_pairs(head)
    for key, value in _SINGLE.items():
        if header.get(key) != value:
            raise ValueError(f"{key} should be {value} (got {header.get(key, 'none')})")
    columns = header.get("feature_names", "").split()
    if header.get("max_feature_idx") != str(len(columns) - 1):
        raise ValueError(f"names {len(columns)} columns (max_feature_idx {header.get('max_feature_idx', 'none')})")
    _check_sizes(header.get("tree_sizes", ""), trees)
    for number, tree in enumerate(trees):
        try:
            _check_tree(_read_pairs(tree.partition("\n\n")[0]), len(columns))
        except ValueError as error:
            raise ValueError(f"tree {number}: {error}") from None
    return columns


def _read_pairs(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.split("\n") if "=" in line)


def _check_sizes(sizes: str, trees: list[str]) -> None:
    """LightGBM finds the trees by these sizes; each is the length of the text from its `Tree=` to the next."""
    expected = [len(tree) + len("\nTree=") for tree in trees]
    if (
        not trees
        or _read_integers(sizes) != expected
        or trees != [tree for number, tree in enumerate(trees) if tree.startswith(f"{number}\n")]
    ):
        raise ValueError(f"has {len(trees)} trees, but not of the sizes that it states")


def _check_tree(tree: dict[str, str], columns: int) -> None:
    leaves = _read_count(tree, "num_leaves", 1)
    if tree.get("is_linear", "0") != "0":
        raise ValueError("is_linear should be 0")
    values = [float(value) for value in tree.get("leaf_value", "").split()]
    if len(values) != leaves or not all(map(math.isfinite, values)):
        raise ValueError(f"leaf_value should have {leaves} finite numbers")
    if leaves == 1:
        return
    _check_children(tree, leaves)
    _check_range(_read_nodes(tree, "split_feature", leaves), 0, columns, "split_feature")
    _check_splits(tree, leaves)


def _check_children(tree: dict[str, str], leaves: int) -> None:
    """A child is a later node, or the complement of a leaf, so that every path ends at a leaf."""
    for name in ("left_child", "right_child"):
        for node, child in enumerate(_read_nodes(tree, name, leaves)):
            if not (node < child < leaves - 1 or -leaves <= child < 0):
                raise ValueError(f"{name}: node {node} should lead on to a later node or a leaf (got {child})")


def _check_splits(tree: dict[str, str], leaves: int) -> None:
    thresholds = tree.get("threshold", "").split()
    kinds = _read_nodes(tree, "decision_type", leaves)
    if len(thresholds) != leaves - 1:
        raise ValueError(f"threshold should have {leaves - 1} numbers (got {len(thresholds)})")
    categories = _read_count(tree, "num_cat", 0)
    if categories:
        bounds = _read_integers(tree.get("cat_boundaries", ""))
        words = _read_integers(tree.get("cat_threshold", ""))
        if len(bounds) != categories + 1 or bounds != sorted(bounds) or (bounds[0], bounds[-1]) != (0, len(words)):
            raise ValueError("cat_boundaries do not fit cat_threshold")
    chosen = [
        int(float(threshold)) for threshold, kind in zip(thresholds, kinds, strict=True) if kind & _IS_CATEGORICAL
    ]
    _check_range(chosen, 0, categories, "threshold")


def _check_range(values: list[int], low: int, high: int, name: str) -> None:
    if values and not (low <= min(values) and max(values) < high):
        raise ValueError(f"{name} should be from {low} to {high - 1} (got {min(values)} to {max(values)})")


def _read_nodes(tree: dict[str, str], name: str, leaves: int) -> list[int]:
    values = _read_integers(tree.get(name, ""))
    if len(values) != leaves - 1:
        raise ValueError(f"{name} should have {leaves - 1} numbers (got {len(values)})")
    return values


def _read_count(tree: dict[str, str], name: str, low: int) -> int:
    count = int(tree.get(name, "-1"))
    if count < low:
        raise ValueError(f"{name} should be at least {low} (got {tree.get(name, 'none')})")
    return count


def _read_integers(text: str) -> list[int]:
    if "_" in text:
        raise ValueError("has a _ in a number")  # which Python would read
    return list(map(int, text.split()))
