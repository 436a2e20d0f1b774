"""CatBoost on three CSV files; runs in an environment of its own and prints the test part's prices as JSON."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from catboost import CatBoostRegressor, Pool

TREES = 3000
PATIENCE = 200


def load_pool(path: Path, categories: list[str]) -> Pool:
    """One part, with log prices."""
    frame = pd.read_csv(path, dtype=dict.fromkeys(categories, str))
    frame[categories] = frame[categories].fillna("missing")
    return Pool(frame.drop(columns="price"), np.log(frame["price"]), cat_features=categories)


def main() -> None:
    """Learn, then price the test part."""
    task = json.loads(sys.argv[1])
    fit, calibration, test = (
        load_pool(Path(task["folder"]) / f"{name}.csv", task["categories"])
        for name in ("fit", "calibration", "test")
    )
    # RMSE on log price did better here than MAE on both markets.
    model = CatBoostRegressor(
        iterations=TREES,
        depth=8,
        learning_rate=0.1,
        loss_function="RMSE",
        eval_metric="MAE",
        early_stopping_rounds=PATIENCE,
        thread_count=2,
        random_seed=7,
        verbose=False,
        allow_writing_files=False,
    )
    model.fit(fit, eval_set=calibration)
    print(json.dumps(np.exp(model.predict(test)).tolist()))


if __name__ == "__main__":
    main()
