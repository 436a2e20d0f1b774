"""CatBoost on three CSV files; runs in an environment of its own and prints the test part's prices as JSON."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from catboost import CatBoostRegressor, Pool

TREES = 3000
PATIENCE = 200
LOSSES = ("MAE", "RMSE")
SETTINGS = {
    "depth": 8,
    "learning_rate": 0.1,
    "eval_metric": "MAE",
    "thread_count": 2,
    "random_seed": 7,
    "verbose": False,
    "allow_writing_files": False,
}


def load_part(path: Path, categories: list[str]) -> pd.DataFrame:
    """One part, with its price."""
    frame = pd.read_csv(path, dtype=dict.fromkeys(categories, str))
    frame[categories] = frame[categories].fillna("missing")
    return frame


def make_pool(frame: pd.DataFrame, categories: list[str]) -> Pool:
    """The features, with log prices."""
    return Pool(frame.drop(columns="price"), np.log(frame["price"]), cat_features=categories)


def main() -> None:
    """Learn by the loss that suits the calibration part better, then price the test part."""
    task = json.loads(sys.argv[1])
    categories = task["categories"]
    fit, calibration, test = (
        load_part(Path(task["folder"]) / f"{name}.csv", categories) for name in ("fit", "calibration", "test")
    )
    trials = {}
    for loss in LOSSES:
        trials[loss] = CatBoostRegressor(
            iterations=TREES, loss_function=loss, early_stopping_rounds=PATIENCE, **SETTINGS
        )
        trials[loss].fit(make_pool(fit, categories), eval_set=make_pool(calibration, categories))
    loss = min(LOSSES, key=lambda loss: trials[loss].get_best_score()["validation"]["MAE"])
    # As ours does: then as many trees learn from the whole training part, else CatBoost would have an eighth less.
    model = CatBoostRegressor(iterations=trials[loss].tree_count_, loss_function=loss, **SETTINGS)
    model.fit(make_pool(pd.concat([fit, calibration]), categories))
    print(json.dumps(np.exp(model.predict(make_pool(test, categories))).tolist()))


if __name__ == "__main__":
    main()
