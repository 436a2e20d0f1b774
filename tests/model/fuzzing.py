"""Mutated texts of trees, each read, priced with and explained in a process that may die without harm.

`python -m tests.model.fuzzing TEXT FIRST COUNT SEED MEMORY_MB` is such a process: it writes a letter for each.
"""

import math
import os
import random
import re
import resource
import select
import subprocess
import sys
import threading
from array import array
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from carprice.errors import BundleError
from carprice.model.forest.lightgbm_capi import Trees
from carprice.names import MIB
from carprice.system.freed_memory import release_memory

ROOT = Path(__file__).resolve().parents[2]
ROWS, COLUMNS = 600, 4
TREES = 6
CHUNK = 2_000
"""Texts for one process, at most."""
HANG_SECONDS = 20
"""For one text: a thousand times what it takes."""
MEMORY_MB = 512
"""More than a process has when it begins."""
REFUSED, LOADED, BEYOND = b"r", b"l", b"m"
NUMBERS = (
    *("", "0", "-1", "1", "2", "-2", "31", "32", "127", "128", "255", "256", "4096", "100000", "2_0", "1e-0_9"),
    *("2147483647", "2147483648", "-2147483648", "4294967295", "4294967296", "99999999999999999999", "0x10"),
    *(
        "nan",
        "inf",
        "-inf",
        "1e308",
        "-1e308",
        "1e400",
        "5e-324",
        "0.5",
        "800",
        "-800",
        "1 2",
        "=",
        "\t",
        "\0",
        "é",
    ),
)
LINES = (
    *(
        "=num_tree_per_iteration=100000",
        "num_leaves",
        "num_leaves=2_0",
        "left_child",
        "split_featur",
        "is_linear=1",
    ),
    *("num_class=9", "average_output", "tree_sizes=1", "leaf_value", "num_cat=99", "Tree=0", "end of trees", ""),
    *("shrinkage=1e400", "leaf_coeff=1 2 3", "num_features=9 9 9", "cat_boundaries=0 9999", "linear_tree=1"),
)


@dataclass
class Outcome:
    """How many texts were refused, or loaded and priced; how many ended the process, hung it, or outgrew it."""

    refused: int = 0
    loaded: int = 0
    crashed: int = 0
    hung: int = 0
    outgrown: int = 0


def run_fuzz(texts: int, processes: int, seed: int) -> Outcome:
    """Try that many mutations of a small grown model, in so many processes beside each other."""
    outcome, lock = Outcome(), threading.Lock()
    chunk = min(CHUNK, math.ceil(texts / processes))
    starts = iter(range(0, texts, chunk))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "trees.txt"
        path.write_text(grow_text())

        def work() -> None:
            while True:
                with lock:
                    first = next(starts, None)
                if first is None:
                    return
                _try_chunk(path, first, min(first + chunk, texts), seed, outcome, lock)

        workers = [threading.Thread(target=work) for _ in range(processes)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    return outcome


def grow_text() -> str:
    """A model with numbers, missing values and categories, of a few hundred lines."""
    import lightgbm as lgb
    import numpy as np

    draw = np.random.default_rng(3)
    matrix = np.column_stack([draw.integers(0, 90, (ROWS, 2)), draw.normal(size=(ROWS, 2))]).astype(float)
    matrix[draw.random(matrix.shape) < 0.1] = np.nan
    target = np.nan_to_num(matrix[:, 0]) % 7 + np.nan_to_num(matrix[:, 2])
    data = lgb.Dataset(matrix, target, categorical_feature=[0, 1], params={"verbosity": -1})
    params = {"num_leaves": 12, "min_data_in_leaf": 5, "verbosity": -1, "num_threads": 1, "seed": 3}
    return str(lgb.train(params, data, TREES).model_to_string())


def mutate(text: str, draw: random.Random) -> str:
    """The text with one to four changes, mostly with sizes that fit."""
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        text = draw.choice((_change_byte, _change_line, _change_number, _change_number, _swap_numbers))(text, draw)
    return fit_sizes(text) if draw.random() < 0.8 else text


def fit_sizes(text: str) -> str:
    """The text with the sizes of the trees as they are."""
    _, *trees = text.partition("\nend of trees")[0].split("\nTree=")
    sizes = " ".join(str(len(tree) + len("\nTree=")) for tree in trees)
    return re.sub(r"(?m)^tree_sizes=.*$", f"tree_sizes={sizes}", text, count=1)


def _change_byte(text: str, draw: random.Random) -> str:
    place = draw.randrange(len(text))
    return (
        text[:place]
        + draw.choice(("", "", chr(draw.randrange(128)), "\n", " ", "="))
        + text[place + draw.randint(0, 1) :]
    )


def _change_line(text: str, draw: random.Random) -> str:
    lines = text.split("\n")
    place, other = draw.randrange(len(lines)), draw.randrange(len(lines))
    act = draw.randrange(5)
    if act == 0:
        del lines[place]
    elif act == 1:
        lines.insert(place, lines[other])
    elif act == 2:
        lines.insert(place, draw.choice(LINES))
    elif act == 3:
        lines[place], lines[other] = lines[other], lines[place]
    else:
        lines[place] = lines[place][: draw.randrange(len(lines[place]) + 1)]
    return "\n".join(lines)


def _change_number(text: str, draw: random.Random) -> str:
    """One number of a line becomes another one, or is there twice, or not at all."""
    lines = text.split("\n")
    place = draw.choice([number for number, line in enumerate(lines) if "=" in line] or [0])
    key, _, values = lines[place].partition("=")
    numbers = values.split(" ")
    index = draw.randrange(len(numbers))
    act = draw.randrange(4)
    if act == 0:
        numbers[index] = draw.choice(NUMBERS)
    elif act == 1:
        numbers[index] = str(draw.randint(-14, 14))
    elif act == 2:
        numbers.insert(index, numbers[draw.randrange(len(numbers))])
    else:
        del numbers[index]
    lines[place] = f"{key}={' '.join(numbers)}"
    return "\n".join(lines)


def _swap_numbers(text: str, draw: random.Random) -> str:
    lines = text.split("\n")
    place = draw.choice([number for number, line in enumerate(lines) if line.count(" ") > 3] or [0])
    key, _, values = lines[place].partition("=")
    numbers = values.split(" ")
    one, other = draw.randrange(len(numbers)), draw.randrange(len(numbers))
    numbers[one], numbers[other] = numbers[other], numbers[one]
    lines[place] = f"{key}={' '.join(numbers)}"
    return "\n".join(lines)


def _try_chunk(path: Path, first: int, end: int, seed: int, outcome: Outcome, lock: threading.Lock) -> None:
    """One process after the other, each from the text on that comes after the one that ended the last."""
    while first < end:
        letters, hung = _run_process(path, first, end - first, seed)
        with lock:
            outcome.refused += letters.count(REFUSED)
            outcome.loaded += letters.count(LOADED)
            outcome.outgrown += letters.count(BEYOND)
            first += len(letters)
            if first < end:
                outcome.hung += hung
                outcome.crashed += not hung
                print(f"seed {seed}, text {first}: {'hung' if hung else 'crashed'}", file=sys.stderr)
                first += 1


def _run_process(path: Path, first: int, count: int, seed: int) -> tuple[bytes, bool]:
    argv = [sys.executable, "-m", "tests.model.fuzzing", *map(str, (path, first, count, seed, MEMORY_MB))]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(argv, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout
    letters = bytearray()
    with process.stdout:
        while True:
            ready, _, _ = select.select([process.stdout], [], [], HANG_SECONDS)
            found = os.read(process.stdout.fileno(), 65_536) if ready else b""
            if not found:
                break
            letters += found
    process.kill()
    process.wait()
    return bytes(letters), not ready


def try_text(text: str) -> bytes:
    """Read the text, price rows with it, alone and together, and explain them."""
    try:
        trees = Trees(text)
        rows = [[value] * len(trees.columns) for value in (0.0, 3.0, 89.0, -1.5, math.nan, math.inf, 1e300)]
        for row in rows:
            trees.predict_row(row)
            trees.contributions(row)
        trees.predict_rows(array("d", [value for row in rows for value in row]))
    except BundleError:
        return REFUSED
    except MemoryError:
        return BEYOND
    return LOADED


def main(path: str, *numbers: str) -> None:
    """Try `count` texts of a seed from the first on."""
    first, count, seed, memory = map(int, numbers)
    text = Path(path).read_text()
    try_text(text)
    release_memory()
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + memory * MIB, used + memory * MIB))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for number in range(first, first + count):
        os.write(1, try_text(mutate(text, random.Random(seed * 2**32 + number))))


if __name__ == "__main__":
    main(*sys.argv[1:])
