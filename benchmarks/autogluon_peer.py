"""AutoGluon on two CSV files; runs in an environment of its own and prints the test part's prices as JSON."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from autogluon.tabular import TabularPredictor

LABEL = "log_price"
PRESETS = "best_quality"
PROCESSORS = 2


def load_part(path: Path, categories: list[str]) -> pd.DataFrame:
    """One part, with the logarithm of its price."""
    frame = pd.read_csv(path, dtype=dict.fromkeys(categories, "category"))
    return frame.assign(**{LABEL: np.log(frame["price"])}).drop(columns="price")


def main() -> None:
    """Learn for as many minutes as it is given, then price the test part."""
    task = json.loads(sys.argv[1])
    folder = Path(task["folder"])
    training, test = (load_part(folder / f"{name}.csv", task["categories"]) for name in ("training", "test"))
    predictor = TabularPredictor(
        LABEL, "regression", "mean_absolute_error", path=str(folder / "models"), verbosity=0
    ).fit(training, presets=PRESETS, time_limit=60 * task["minutes"], num_cpus=PROCESSORS, num_gpus=0)
    print(json.dumps(np.exp(predictor.predict(test.drop(columns=LABEL)).to_numpy()).tolist()))


if __name__ == "__main__":
    main()
