"""A bundle whose every price can be worked out by hand: four small trees, of a market with four fields."""

from pathlib import Path
from typing import Any

from carprice.market.market_file import dump_market, parse_market
from carprice.model.bundle.manifest import set_champion
from carprice.model.bundle.writing import write_bundle

MARKET = {
    "name": "tiny",
    "title": "Four fields",
    "currency": "EUR",
    "distance_unit": "km",
    "price": {"column": "price", "min": 100, "max": 1_000_000},
    "features": {
        "make": {"column": "make", "kind": "category"},
        "year": {"column": "year", "kind": "year", "min": 1990, "max": 2030},
        "mileage": {
            "column": "mileage",
            "kind": "number",
            "unit": "km",
            "min": 0,
            "max": 900_000,
            "optional": True,
        },
        "leather": {
            "column": "leather",
            "kind": "flag",
            "true": ["yes"],
            "false": ["no"],
            "optional": True,
            "label": "Leather seats",
        },
    },
}

LINES = {"keys": ["make"], "numbers": [], "center": [], "lines": [[code, 50, 0] for code in (-1, 0, 1)]}
LIMITS = [-0.1 * (50 - level) / 45 if level < 50 else 0.2 * (level - 50) / 45 for level in range(1, 100)]
"""From -0.1 for 5 % to 0.2 for 95 %."""

_HEAD = """tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=3
objective=regression_l1
feature_names=make year mileage leather
feature_infos=0:1 [-2:2] [-2:2] [0:1]
tree_sizes={sizes}
"""
_LEAF = "num_leaves=1\nnum_cat=0\nleaf_value=9.21034037197618\nshrinkage=1\n"  # ln 10,000
_SPLIT = """num_leaves=2
num_cat={categories}
split_feature={feature}
split_gain=1
threshold=0
decision_type={kind}
left_child=-1
right_child=-2
leaf_value={left} {right}
leaf_weight=50 50
leaf_count=50 50
internal_value=0
internal_weight=100
internal_count=100
{sets}is_linear=0
shrinkage=1
"""
_NUMBER = {"kind": 10, "categories": 0, "sets": ""}
_CATEGORY = {"kind": 1, "categories": 1, "sets": "cat_boundaries=0 1\ncat_threshold=1\n"}


def write_tiny(artifacts: Path, **facts: Any) -> str:
    """Write the bundle, make it the champion and return its version."""
    scale = {"scale": 1.0, "min": 0.0, "max": 1.0, "mean": 0.0, "fill": 0.0}
    scaler = {
        "year": {**scale, "mean": 2015.0, "min": 2005.0, "max": 2025.0},
        "mileage": {**scale, "mean": 100_000.0, "max": 300_000.0},
        "leather": scale,
    }
    version = write_bundle(
        artifacts,
        {"make": ["Ford", "Audi"]},
        scaler,
        {
            "trees": _write_trees(),
            "columns": list(MARKET["features"]),  # type: ignore[call-overload]
            "transform": "log",
            "depreciation": {
                "keys": ["make"],
                "numbers": [],
                "center": [],
                "lines": [[code, 50, 0] for code in (-1, 0, 1)],
            },
            "years": None,
            "wide": {},
            "flags": [],
            "spread": "",
            "range": {"edges": [], "quantiles": [LIMITS], "unseen": 1.0},
            "costs": {"": 0.05, "mileage": 0.08, "leather": 0.05},
            "level": 0.0,
            "as_of": None,
            "unknown_zero": None,
        },
        {"market": dump_market(parse_market(MARKET, "tiny.toml")), "demo": False, **facts},
        [{"make": "Ford", "year": 2020, "mileage": 50_000}],
    )
    set_champion(artifacts, version)
    return version


def _write_trees() -> str:
    trees = [
        _LEAF,
        _SPLIT.format(feature=0, left=-0.2, right=0.2, **_CATEGORY),
        _SPLIT.format(feature=1, left=-0.3, right=0.3, **_NUMBER),
        _SPLIT.format(feature=2, left=0.1, right=-0.1, **_NUMBER),
    ]
    blocks = [f"Tree={number}\n{tree}\n\n" for number, tree in enumerate(trees)]
    head = _HEAD.format(sizes=" ".join(str(len(block)) for block in blocks))
    return f"{head}\n{''.join(blocks)}end of trees\n"
