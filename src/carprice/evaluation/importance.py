"""What the price depends on: how much each feature moves it, by lines and trees together."""

import numpy as np
import polars as pl

from carprice.frames.encoding import encode_frame
from carprice.model.pricer import Pricer

MAX_ROWS = 60
"""An even sample: contributions of one row take some milliseconds."""


def measure_importance(frame: pl.DataFrame, pricer: Pricer) -> dict[str, float]:
    """Every feature's share of the mean absolute contributions to log price over a clean frame, the largest first.

    Contributions of the trees are SHAP values (Lundberg et al., "From local explanations to global understanding
    with explainable AI for trees", 2020); the lines' are added to them.
    """
    sample = frame[:: max(1, frame.height // MAX_ROWS)]
    matrix = encode_frame(sample, pricer.market, pricer.encoders, pricer.scaler)
    total = np.zeros(matrix.shape[1])
    for row in matrix.tolist():
        line, _ = pricer.forest.depreciation.find(row)
        total += np.abs(pricer.forest.contributions(row, line)[0])
    shares = total / (total.sum() or 1.0)
    names = [feature.name for feature in pricer.market.features]
    return dict(sorted(zip(names, shares.tolist(), strict=True), key=lambda item: -item[1]))
