"""Reads the text of a LightGBM model, checks it, and writes it anew for LightGBM.

LightGBM trusts its text: a wrong size makes it write beside a buffer, a child that is an earlier node makes it
loop for ever. And no check of a text protects a second parser, which may find other lines in it. So the text is
parsed here into plain values, whatever could harm is refused, and LightGBM gets a text that is written from these
values alone: every line of it, its sizes and its numbers are this module's own. What pricing does not need (gains,
weights, parameters) is not passed on. The format is of GBDT::SaveModelToString and Tree::ToString:
https://github.com/microsoft/LightGBM/tree/v4.6.0/src
"""

import math
import re
from collections.abc import Iterable, Sequence
from operator import add
from typing import NamedTuple

MAX_CHARACTERS = 64 << 20
"""Of a text: eight times that of the largest forest that training grows."""
MAX_TREES = 10_000
MAX_LEAVES = 131_072
"""Of one tree: LightGBM's own limit."""
MAX_DEPTH = 500
"""Splits above a leaf. Contributions need memory for its square in every tree; grown trees stay below 50."""
MAX_COLUMNS = 1_000
MAX_ROWS = 2**31 - 1
MAX_SCORE = 100.0
"""What the trees may add up to, in log price: beyond any price."""

_END = "\nend of trees"
_TREE = "\nTree="
_SINGLE = {"version": "v4", "num_class": "1", "num_tree_per_iteration": "1", "label_index": "0"}
_HEADER = {"tree", *_SINGLE, "max_feature_idx", "feature_names", "feature_infos", "tree_sizes"}
_HEADER |= {"objective", "monotone_constraints"}
_USED = {"num_leaves", "num_cat", "split_feature", "threshold", "decision_type", "left_child", "right_child"}
_USED |= {"leaf_value", "leaf_count", "internal_count", "cat_boundaries", "cat_threshold", "is_linear"}
_LINES = {*_USED, "split_gain", "leaf_weight", "internal_value", "internal_weight", "shrinkage"}
_IS_CATEGORICAL = 1
_MISSING_TYPES = 3
_KINDS = _MISSING_TYPES << 2
"""decision_type: a bit for a category, one for where missing values go, and two for what counts as missing."""
_MAX_WORD = 2**32 - 1
_MAX_SHOWN = 80
_is_name = re.compile(r"[A-Za-z0-9_.]+").fullmatch


class Tree(NamedTuple):
    """The values of one tree; a child below 0 is the complement of a leaf. A tree of one leaf has no splits."""

    leaf_value: list[float]
    leaf_count: Sequence[int] = ()
    split_feature: Sequence[int] = ()
    threshold: Sequence[float] = ()
    decision_type: Sequence[int] = ()
    left_child: Sequence[int] = ()
    right_child: Sequence[int] = ()
    internal_count: Sequence[int] = ()
    cat_boundaries: Sequence[int] = ()
    cat_threshold: Sequence[int] = ()


def rebuild_text(text: str) -> tuple[list[str], str]:
    """The names of the columns, and the text of the same trees that is safe to give to LightGBM.

    Raises ValueError saying what is wrong.
    """
    columns, blocks = _split_text(text)
    written, score = [], 0.0
    for number, block in enumerate(blocks):
        try:
            tree = read_tree(block, len(columns))
        except ValueError as error:
            raise ValueError(f"tree {number}: {_shorten(str(error))}") from None
        score += max(map(abs, tree.leaf_value))
        written.append(_write_tree(number, tree))
    if not score <= MAX_SCORE:
        raise ValueError(f"leaf_value: should add up to at most {MAX_SCORE:g} (got {score:g})")
    return columns, _write_header(columns, written) + "".join(written) + "end of trees\n"


def read_tree(block: str, columns: int) -> Tree:
    """The values of a tree from the lines below its `Tree=`. Raises ValueError where they are not safe to use."""
    lines = _read_lines(block.split("\n"), _LINES)
    leaves = _read_number(lines, "num_leaves", 1, MAX_LEAVES)
    if lines.get("is_linear", "0") != "0":
        raise ValueError("is_linear should be 0")
    values = list(map(float, _split(lines, "leaf_value", leaves)))
    if not all(map(math.isfinite, values)):
        raise ValueError(f"leaf_value should have {leaves} finite numbers")
    if leaves == 1:
        return Tree(values)
    nodes = leaves - 1
    tree = Tree(
        values,
        _read_integers(lines, "leaf_count", leaves, 1, MAX_ROWS),
        _read_integers(lines, "split_feature", nodes, 0, columns - 1),
        list(map(float, _split(lines, "threshold", nodes))),
        _read_integers(lines, "decision_type", nodes, 0, _KINDS - 1),
        _read_integers(lines, "left_child", nodes, -leaves, nodes - 1),
        _read_integers(lines, "right_child", nodes, -leaves, nodes - 1),
        _read_integers(lines, "internal_count", nodes, 2, MAX_ROWS),
        *_read_categories(lines),
    )
    _check_children(tree)
    _check_thresholds(tree)
    return tree


def _split_text(text: str) -> tuple[list[str], list[str]]:
    """The names of the columns, and the lines of each tree."""
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"should have at most {MAX_CHARACTERS:,} characters (got {len(text):,})")
    body, end, _ = text.partition(_END)
    if not end:
        raise ValueError("has no end")
    if not body.isascii():
        raise ValueError("is not plain text")
    head, *trees = body.split(_TREE, MAX_TREES + 1)
    if not 1 <= len(trees) <= MAX_TREES:
        raise ValueError(f"should have from 1 to {MAX_TREES} trees (got {len(trees)})")
    header = _read_lines(head.rstrip("\n").split("\n"), _HEADER)
    for key, value in _SINGLE.items():
        if header.get(key) != value:
            raise ValueError(f"{key} should be {value} (got {_shorten(header.get(key, 'none'))})")
    blocks = []
    for number, tree in enumerate(trees):
        stated, _, lines = tree.partition("\n")
        if stated != str(number):
            raise ValueError(f"tree {number} should say so (got {_shorten(stated)!r})")
        blocks.append(lines.rstrip("\n"))
    columns = _read_columns(header)
    sizes = [len(_TREE) + len(tree) for tree in trees]
    if _split_integers(header, "tree_sizes") != sizes:
        raise ValueError(f"has {len(trees)} trees, but not of the sizes that it states")
    return columns, blocks


def _read_columns(header: dict[str, str]) -> list[str]:
    columns = header.get("feature_names", "").split(" ")
    if header.get("max_feature_idx") != str(len(columns) - 1):
        found = _shorten(header.get("max_feature_idx", "none"))
        raise ValueError(f"names {len(columns)} columns (max_feature_idx {found})")
    if len(columns) > MAX_COLUMNS or len(set(columns)) < len(columns) or not all(map(_is_name, columns)):
        raise ValueError(f"feature_names should be at most {MAX_COLUMNS} different names")
    return columns


def _read_lines(lines: Iterable[str], known: set[str]) -> dict[str, str]:
    """The value of each key; every line is one of the known, and none is there twice."""
    found: dict[str, str] = {}
    for line in lines:
        key, _, value = line.partition("=")
        if key not in known or key in found:
            raise ValueError(f"has a line that is unknown or there twice: {_shorten(line)!r}")
        found[key] = value
    return found


def _read_categories(lines: dict[str, str]) -> tuple[list[int], list[int]]:
    """The bits of every categorical split: where each one's words begin and end, and the words."""
    categories = _read_number(lines, "num_cat", 0, MAX_LEAVES)
    if not categories:
        return [], []
    bounds = _split_integers(lines, "cat_boundaries")
    words = _split_integers(lines, "cat_threshold")
    _check_range(words, 0, _MAX_WORD, "cat_threshold")
    if len(bounds) != categories + 1 or bounds != sorted(bounds) or (bounds[0], bounds[-1]) != (0, len(words)):
        raise ValueError("cat_boundaries do not fit cat_threshold")
    return bounds, words


def _check_children(tree: Tree) -> None:
    """Every node but the first, and every leaf, has one parent, which stands before it; counts add up."""
    leaves = len(tree.leaf_value)
    if sorted([*tree.left_child, *tree.right_child]) != [*range(-leaves, 0), *range(1, leaves - 1)]:
        raise ValueError("left_child, right_child: should name each later node and each leaf once")
    depths = [1] * (leaves - 1)
    for node, children in enumerate(zip(tree.left_child, tree.right_child, strict=True)):
        for child in children:
            if child >= 0:
                if child <= node:
                    raise ValueError(f"node {node} should lead on to a later node or a leaf (got {child})")
                depths[child] = depths[node] + 1
    if max(depths) > MAX_DEPTH:
        raise ValueError(f"should have at most {MAX_DEPTH} splits above a leaf (got {max(depths)})")
    # A leaf's complement is its place from the end.
    counts = [*tree.internal_count, *reversed(tree.leaf_count)].__getitem__
    if list(map(add, map(counts, tree.left_child), map(counts, tree.right_child))) != tree.internal_count:
        raise ValueError("internal_count: should be the sum of the two below")


def _check_thresholds(tree: Tree) -> None:
    if any(map(math.isnan, tree.threshold)):  # inf is one: it tells missing values from the rest
        raise ValueError("threshold should be numbers")
    chosen = [
        threshold
        for threshold, kind in zip(tree.threshold, tree.decision_type, strict=True)
        if kind & _IS_CATEGORICAL
    ]
    _check_range(chosen, 0, len(tree.cat_boundaries) - 2, "threshold")
    if not all(map(float.is_integer, chosen)):
        raise ValueError("threshold should be whole numbers where it names categories")


def _check_range(values: Sequence[float], low: int, high: int, name: str) -> None:
    if values and not (low <= min(values) and max(values) <= high):
        raise ValueError(f"{name} should be from {low} to {high} (got {min(values):g} to {max(values):g})")


def _read_number(lines: dict[str, str], name: str, low: int, high: int) -> int:
    return _read_integers(lines, name, 1, low, high)[0]


def _read_integers(lines: dict[str, str], name: str, count: int, low: int, high: int) -> list[int]:
    values = list(map(int, _split(lines, name, count)))
    _check_range(values, low, high, name)
    return values


def _split_integers(lines: dict[str, str], name: str) -> list[int]:
    """As many as there are."""
    return list(map(int, _split(lines, name, lines.get(name, "").count(" ") + 1)))


def _split(lines: dict[str, str], name: str, count: int) -> list[str]:
    """The numbers of a line, as texts."""
    text = lines.get(name, "")
    values = text.split(" ") if text else []
    if len(values) != count:
        raise ValueError(f"{name} should have {count} numbers (got {len(values)})")
    if "_" in text:
        raise ValueError(f"{name} has a _ in a number")  # which Python would read
    return values


def _write_header(columns: Sequence[str], trees: Sequence[str]) -> str:
    lines = ["tree", *(f"{key}={value}" for key, value in _SINGLE.items()), f"max_feature_idx={len(columns) - 1}"]
    lines += [f"feature_names={' '.join(columns)}", f"feature_infos={' '.join(['none'] * len(columns))}"]
    return "\n".join([*lines, f"tree_sizes={' '.join(str(len(tree)) for tree in trees)}", "", ""])


def _write_tree(number: int, tree: Tree) -> str:
    """A tree of its values. 17 digits are enough for every float64 to be read back as it is."""
    categories = max(len(tree.cat_boundaries) - 1, 0)
    lines = [
        f"Tree={number}",
        f"num_leaves={len(tree.leaf_value)}",
        f"num_cat={categories}",
        _write_line("split_feature", "%d ", tree.split_feature),
        _write_line("threshold", "%.17g ", tree.threshold),
        _write_line("decision_type", "%d ", tree.decision_type),
        _write_line("left_child", "%d ", tree.left_child),
        _write_line("right_child", "%d ", tree.right_child),
        _write_line("leaf_value", "%.17g ", tree.leaf_value),
        _write_line("leaf_count", "%d ", tree.leaf_count),
        _write_line("internal_count", "%d ", tree.internal_count),
    ]
    if categories:
        lines.append(_write_line("cat_boundaries", "%d ", tree.cat_boundaries))
        lines.append(_write_line("cat_threshold", "%d ", tree.cat_threshold))
    return "\n".join([*lines, "is_linear=0", "", "", ""])


def _write_line(name: str, form: str, values: Sequence[float]) -> str:
    return f"{name}={(form * len(values) % tuple(values))[:-1]}"


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."
