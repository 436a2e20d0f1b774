"""Boosters as steps: what each learns from is written to files once, and a worker writes the text of its trees."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from carprice.engine.engine import Engine, Part
from carprice.engine.steps import DIGITS, Step, name_output, write_whole
from carprice.training.columns import Columns, Rows
from carprice.training.forest.booster import Booster, Grow, Growable, Job, Plan, grow_here
from carprice.training.forest.recipes import Recipe
from carprice.training.forest.reduced import Lacking
from carprice.training.uncertainty import Spread

Digests = dict[int, str]
"""Of arrays that several boosters share, by their id."""


@dataclass(frozen=True)
class Described:
    """A booster as a step reads it: the function, arrays and facts that go into files, and settings of its own."""

    step: Step
    arrays: Mapping[str, np.ndarray]
    facts: Mapping[str, Any]
    settings: Mapping[str, Any]


def grow_on(engine: Engine, work: Path) -> Grow:
    """What grows boosters on an engine; their files are in the folder work, by what is in them."""

    def grow(boosters: Sequence[Growable]) -> list[str]:
        found = [describe_booster(each) for each in boosters]
        digests: Digests = {}
        parts = [write_part(each, work, digests) for each in found]
        outputs = engine.map(found[0].step, parts, work) if found else []  # all are of one kind
        return [output.read_bytes().decode() for output in outputs]

    return grow


def grow_and_keep(work: Path, grow: Grow = grow_here) -> Grow:
    """What grows boosters in this process, and keeps their texts in the folder work, named as those of grow_on."""

    def grow_missing(boosters: Sequence[Growable]) -> list[str]:
        digests: Digests = {}
        return grow([_Kept(each, _name_booster(each, work, digests)) for each in boosters])

    return grow_missing


@dataclass(frozen=True)
class _Kept:
    """A booster that is grown where its text is not in a file yet."""

    booster: Growable
    output: Path

    def __len__(self) -> int:
        return len(self.booster)

    def grow(self) -> str:
        if not self.output.exists():
            data = self.booster.grow().encode()
            write_whole(self.output, lambda draft: draft.write_bytes(data))
        return self.output.read_bytes().decode()


def grow_booster(inputs: Sequence[Path], output: Path, seed: int, number: int) -> None:
    """A step: matrix, log prices and plan of a forest to the text of one of its fits."""
    output.write_bytes(read_booster(inputs, seed, number).grow().encode())


def grow_spread(inputs: Sequence[Path], output: Path, seed: int, number: int) -> None:
    """A step: held-out listings and their errors to the text of a spread forest."""
    seen, error, weight, part = (np.load(path, mmap_mode="r") for path in inputs[:4])
    facts = json.loads(inputs[4].read_text())
    columns = Columns(**facts["columns"])
    spread = Spread(seen, error, weight, part, columns, facts["flags"], seed, number)
    output.write_bytes(spread.grow().encode())


def read_booster(inputs: Sequence[Path], seed: int, number: int, chosen: np.ndarray | None = None) -> Booster:
    """A booster as write_part has it. chosen: those of its listings that it learns from, by a mask."""
    arrays = [np.load(path, mmap_mode="r") for path in inputs[:2]]
    matrix, target = arrays if chosen is None else (array[chosen] for array in arrays)
    facts = json.loads(inputs[2].read_text())
    job = Job(Rows(matrix, target), Recipe(**facts["recipe"]), seed)
    lacking = Lacking(**facts["lacking"]) if facts["lacking"] else None
    return Booster(job, Columns(**facts["columns"]), Plan(**facts["plan"]), number, lacking)


def describe_booster(booster: Growable) -> Described:
    """What a step reads to grow it."""
    if isinstance(booster, Spread):
        arrays = {name: getattr(booster, name) for name in ("seen", "error", "weight", "part")}
        facts = {"columns": asdict(booster.columns), "flags": booster.flags}
        return Described(grow_spread, arrays, facts, {"seed": booster.seed, "number": booster.number})
    assert isinstance(booster, Booster)
    rows, recipe = booster.job.rows, booster.job.recipe
    facts = {"recipe": asdict(recipe), "columns": asdict(booster.columns), "plan": asdict(booster.plan)}
    facts["lacking"] = asdict(booster.lacking) if booster.lacking else {}
    settings = {"seed": booster.job.seed, "number": booster.number}
    return Described(grow_booster, {"matrix": rows.matrix, "target": rows.target}, facts, settings)


def write_part(described: Described, work: Path, digests: Digests) -> Part:
    """What a step reads to grow a booster, each array in a file once."""
    inputs, data = _name_inputs(described, work, digests)
    for path, array in zip(inputs, described.arrays.values(), strict=False):
        _write_once(path, partial(_save_array, array=np.ascontiguousarray(array)))
    _write_once(inputs[-1], lambda file: file.write(data))
    return Part(inputs, described.settings, len(next(iter(described.arrays.values()))))


def _name_booster(booster: Growable, work: Path, digests: Digests) -> Path:
    described = describe_booster(booster)
    inputs, _ = _name_inputs(described, work, digests)
    return work / name_output(described.step, inputs, work, described.settings)


def _name_inputs(described: Described, work: Path, digests: Digests) -> tuple[list[Path], bytes]:
    """Files whose names say what is in them, as those of steps' outputs do, and the content of the last one.

    They need not be there to name what is made of them, nor are they read again to be named.
    """
    data = json.dumps(described.facts).encode()  # in its own order, which is that of the columns
    names = [f"{name}-{_digest(array, digests)}" for name, array in described.arrays.items()]
    names.append(f"plan-{hashlib.blake2b(data).hexdigest()[:DIGITS]}")
    return [work / name for name in names], data


def _digest(array: np.ndarray, digests: Digests) -> str:
    if id(array) not in digests:
        digest = hashlib.blake2b(repr((array.shape, array.dtype.str)).encode())
        digest.update(np.ascontiguousarray(array).data)
        digests[id(array)] = digest.hexdigest()[:DIGITS]
    return digests[id(array)]


def _save_array(file: BinaryIO, array: np.ndarray) -> None:
    np.save(file, array, allow_pickle=False)


def _write_once(path: Path, write: Callable[[BinaryIO], Any]) -> None:
    if not path.exists():
        write_whole(path, partial(_write, write=write))


def _write(draft: Path, write: Callable[[BinaryIO], Any]) -> None:
    with draft.open("wb") as file:
        write(file)
