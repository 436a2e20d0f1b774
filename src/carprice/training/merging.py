"""Several LightGBM models averaged into one."""

from collections.abc import Sequence

_VALUES = ("leaf_value", "internal_value")


def merge_texts(texts: Sequence[str], base: float) -> str:
    """One LightGBM text whose score is the mean of the texts' scores, plus base.

    The texts have the same columns. All trees stand one after the other, each value divided by the number of texts.
    """
    trees: list[str] = []
    for text in texts:
        head, *blocks = text.partition("\nend of trees")[0].split("\nTree=")
        for number, block in enumerate(blocks):
            lines = block.split("\n")[1:]
            add = base if number == 0 else 0.0
            trees.append("\n".join(_scale_values(line, add, len(texts)) for line in lines))
    blocks = [f"Tree={number}\n{tree}" for number, tree in enumerate(trees)]
    sizes = " ".join(str(len(block) + 1) for block in blocks)
    lines = [f"tree_sizes={sizes}" if line.startswith("tree_sizes=") else line for line in head.split("\n")]
    return "\n".join([*lines, *blocks]) + "\nend of trees\n"


def _scale_values(line: str, add: float, count: int) -> str:
    key, _, values = line.partition("=")
    if key not in _VALUES:
        return line
    return f"{key}=" + " ".join(repr((float(value) + add) / count) for value in values.split())
