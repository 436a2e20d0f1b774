"""Settings of the price forest. What was tried, and what did not help, stands in docs/LOG.md."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Recipe:
    """How a price forest is grown.

    fits: forests with their own seeds and masked copies, averaged into one. trees, leaves, rate: of each. exponent
    and width: of the robust loss (booster.build_loss). cat_smooth, least_leaf: LightGBM's cat_smooth and
    min_data_in_leaf. copies: of every listing, with fields left out; copy_weight: of all copies of a listing
    together. reduced: fits of the trees that a combination of missing fields has of its own (reduced.py).
    slope, level: shares of a depreciation line's slopes, and of the mean of a make and model, that the
    line takes from the trees. wide: numbers of few values are categories too. penalty: LightGBM's
    monotone_penalty. free_years: the trees are free along the year, and asked for all years
    (model/forest/year_envelope.py).
    """

    name: str
    fits: int = 3
    trees: int = 40
    leaves: int = 511
    rate: float = 0.25
    exponent: float = 1.25
    width: float = 0.2
    cat_smooth: float = 1.0
    least_leaf: int = 10
    copies: int = 2
    copy_weight: float = 0.5
    reduced: int = 1
    slope: float = 0.5
    level: float = 1.0
    wide: bool = True
    penalty: float = 5.0
    free_years: bool = False


FEW_ROWS = 20_000
"""Fewer listings make a small market."""

LARGE = Recipe("large")
SMALL = Recipe(
    "small",
    trees=80,
    leaves=63,
    rate=0.2,
    exponent=1.5,
    copies=4,
    least_leaf=30,
    wide=False,
    penalty=1.0,
)
SMALL_FREE = replace(SMALL, name="small-free", free_years=True)
LARGE_FREE = replace(LARGE, name="large-free", free_years=True)


def calm(recipe: Recipe) -> Recipe:
    """Its sister for markets of much noise and thousands of models, a third of them named once."""
    return replace(
        recipe,
        name=f"{recipe.name}-calm",
        cat_smooth=10.0,
        slope=0.0,
        level=0.0,
        wide=False,
        penalty=0.0,
        trees=70,
        leaves=255,
        rate=0.2,
        exponent=1.5,
    )
