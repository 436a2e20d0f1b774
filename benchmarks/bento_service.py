"""The trees as a BentoML service, in BentoML's own environment. MODEL_TEXT names LightGBM's model file."""

import math
import os

import bentoml
import lightgbm
import numpy as np


@bentoml.service(workers=1)
class Price:
    """Prices one encoded row."""

    def __init__(self) -> None:
        self.booster = lightgbm.Booster(model_file=os.environ["MODEL_TEXT"])

    @bentoml.api
    def price(self, row: list[float | None]) -> float:
        """The price of a row of the matrix; null for a missing value."""
        return math.exp(self.booster.predict(np.array([row], float), num_threads=1)[0])
