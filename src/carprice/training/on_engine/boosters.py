"""Boosters as steps: what each learns from is written to files once, and a worker writes the text of its trees."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from carprice.engine.engine import Engine, Part
from carprice.engine.steps import DIGITS, write_whole
from carprice.frames.encoding import Floats
from carprice.training.columns import Columns, Rows
from carprice.training.forest.booster import Booster, Grow, Job, Plan
from carprice.training.forest.recipes import Recipe
from carprice.training.forest.reduced import Lacking


def grow_on(engine: Engine, work: Path) -> Grow:
    """What grows boosters on an engine; their files are in the folder work, by what is in them."""

    def grow(boosters: Sequence[Booster]) -> list[str]:
        outputs = engine.map(grow_booster, [write_part(each, work) for each in boosters], work)
        return [output.read_bytes().decode() for output in outputs]

    return grow


def grow_booster(inputs: Sequence[Path], output: Path, seed: int, number: int) -> None:
    """A step: matrix, log prices and plan of a forest to the text of one of its fits."""
    output.write_bytes(read_booster(inputs, seed, number).grow().encode())


def read_booster(inputs: Sequence[Path], seed: int, number: int, chosen: np.ndarray | None = None) -> Booster:
    """A booster as write_part has it. chosen: those of its listings that it learns from, by a mask."""
    arrays = [np.load(path, mmap_mode="r") for path in inputs[:2]]
    matrix, target = arrays if chosen is None else (array[chosen] for array in arrays)
    facts = json.loads(inputs[2].read_text())
    job = Job(Rows(matrix, target), Recipe(**facts["recipe"]), seed)
    lacking = Lacking(**facts["lacking"]) if facts["lacking"] else None
    return Booster(job, Columns(**facts["columns"]), Plan(**facts["plan"]), number, lacking)


def write_part(booster: Booster, work: Path) -> Part:
    """What a step reads to grow a booster, each array in a file once."""
    rows, recipe = booster.job.rows, booster.job.recipe
    facts = {"recipe": asdict(recipe), "columns": asdict(booster.columns), "plan": asdict(booster.plan)}
    facts["lacking"] = asdict(booster.lacking) if booster.lacking else {}
    inputs = [_write_array("matrix", rows.matrix, work), _write_array("target", rows.target, work)]
    inputs.append(_write_facts("plan", facts, work))
    return Part(inputs, {"seed": booster.job.seed, "number": booster.number}, len(rows))


def _write_array(name: str, array: Floats, work: Path) -> Path:
    array = np.ascontiguousarray(array)
    digest = hashlib.blake2b(repr((array.shape, array.dtype.str)).encode())
    digest.update(array.data)
    return _write_once(name, digest.hexdigest(), work, lambda file: np.save(file, array, allow_pickle=False))


def _write_facts(name: str, facts: dict[str, Any], work: Path) -> Path:
    data = json.dumps(facts).encode()  # in its own order, which is that of the columns
    return _write_once(name, hashlib.blake2b(data).hexdigest(), work, lambda file: file.write(data))


def _write_once(name: str, digest: str, work: Path, write: Callable[[BinaryIO], Any]) -> Path:
    """A file whose name says what is in it, as those of steps' outputs do: it is not read again to be named."""
    path = work / f"{name}-{digest[:DIGITS]}"
    if not path.exists():
        write_whole(path, lambda draft: _write(draft, write))
    return path


def _write(draft: Path, write: Callable[[BinaryIO], Any]) -> None:
    with draft.open("wb") as file:
        write(file)
