"""One booster grown by several workers together, each of which holds a part of its listings.

LightGBM's data-parallel learner (Meng et al., "A Communication-Efficient Parallel Algorithm for Decision Tree",
NIPS 2016): the members exchange histograms at every split, so that all of them have the same trees.
"""

import json
import math
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from carprice.engine.engine import AGAIN, Engine, Part
from carprice.engine.steps import name_output, remove, write_whole
from carprice.errors import EngineError
from carprice.system.waiting import wait_for
from carprice.training.forest.booster import Booster, Grow, Growable
from carprice.training.on_engine.boosters import describe_booster, grow_on, read_booster, write_part

MIN_ROWS = 100_000
"""Of a booster of fewer listings exchanging histograms takes longer than what the members save."""
TIME_OUT = 5
"""Minutes without a word of a member until the others give up; LightGBM counts in whole minutes."""
MEETING_SECONDS = 60.0
"""Until all members have to be there, beyond TIME_OUT: so long those of the try before may hold their workers."""
MIN_KNOWN = 0.001
"""Of the listings: LightGBM ends a machine that finds no value of a category. One that fewer have is a number in a
gang, and so is what a booster lacks."""


def grow_in_gang(
    engine: Engine, work: Path, members: int, min_rows: int = MIN_ROWS, minutes: int = TIME_OUT
) -> Grow:
    """What grows each booster of min_rows listings or more by so many workers of an engine at once.

    One booster after the other; those of fewer listings as grow_on does. The files are in the folder work.
    minutes: that a member is waited for. Raises EngineError where too few workers come, or a gang breaks up twice.
    """
    grow_alone = grow_on(engine, work)
    own = {"members": members, "minutes": minutes}

    def grow(boosters: Sequence[Growable]) -> list[str]:
        small = iter(grow_alone([each for each in boosters if not is_large(each)]))
        return [_grow_together(each, engine, work, own) if is_large(each) else next(small) for each in boosters]

    def is_large(booster: Growable) -> TypeGuard[Booster]:
        return isinstance(booster, Booster) and len(booster) >= min_rows

    return grow


def _grow_together(booster: Booster, engine: Engine, work: Path, own: Mapping[str, int]) -> str:
    """The booster's text; what is there is not grown again. A gang that broke up is tried once more."""
    part = write_part(describe_booster(booster), work, {})
    part = replace(part, settings={**part.settings, **own, "rare": _list_rare(booster)})
    output = work / name_output(join_gang, part.inputs, work, part.settings)
    if not output.exists():
        try:
            text = _meet(part, engine, work, own["members"])
        except EngineError:
            text = _meet(part, engine, work, own["members"])
        write_whole(output, lambda draft: draft.write_text(text))
    return output.read_text()


def _list_rare(booster: Booster) -> list[int]:
    matrix, lacking = booster.job.rows.matrix, booster.lacking.fields if booster.lacking else []
    known = [float((~np.isnan(matrix[:, index])).mean()) for index in range(matrix.shape[1])]
    return [index for index, share in enumerate(known) if share < MIN_KNOWN or index in lacking]


def _meet(part: Part, engine: Engine, work: Path, members: int) -> str:
    meeting = work.absolute() / f"meeting-{uuid.uuid4().hex}"
    meeting.mkdir()
    parts = [
        Part(part.inputs, {**part.settings, "meeting": str(meeting), "rank": rank}) for rank in range(members)
    ]
    try:
        outputs = engine.map(join_gang, parts, work)
        text = outputs[0].read_text()
        for each in outputs:
            remove(each)  # their names are of this meeting alone
        return text
    finally:
        shutil.rmtree(meeting, ignore_errors=True)  # a member that is late may be writing into it


def join_gang(
    inputs: Sequence[Path],
    output: Path,
    seed: int,
    number: int,
    rare: Sequence[int],
    members: int,
    minutes: int,
    meeting: str,
    rank: int,
) -> None:
    """A step: grow a booster as one of the members, from a part of its listings, drawn by the seed.

    meeting: the folder in which the members tell each other where they listen. Raises EngineError where they do
    not all come, or one of them is lost.
    """
    machines, port = _find_others(Path(meeting), rank, members, 60 * minutes + MEETING_SECONDS)
    network = {
        "machines": ",".join(machines),
        "local_listen_port": port,
        "num_machines": members,
        "tree_learner": "data",
        "pre_partition": True,
        "time_out": minutes,
    }
    files = {"inputs": [str(path) for path in inputs], "output": str(output)}
    facts = {**files, "seed": seed, "number": number, "rare": rare, "rank": rank, "network": network}
    said = _run_member(facts, Path(meeting))
    if not output.exists():
        raise EngineError(f"A gang of {members} workers broke up: {said}", AGAIN)


def _run_member(facts: dict[str, Any], meeting: Path) -> str:
    """Grow in a process of its own, for LightGBM ends one that loses the others; the last line of what it said.

    It is ended where the meeting is over without it.
    """
    paths = os.pathsep.join(filter(None, sys.path))
    with (
        tempfile.TemporaryFile("w+") as said,
        subprocess.Popen(
            [sys.executable, "-m", __name__],
            env={**os.environ, "PYTHONPATH": paths},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
            text=True,
        ) as process,
    ):
        assert process.stdin
        process.stdin.write(f"{json.dumps(facts)}\n")
        process.stdin.flush()  # it stays open: where this process ends, so does the other
        wait_for(lambda: process.poll() is not None or not meeting.exists(), math.inf)
        process.kill()
        said.seek(0)
        lines = said.read().strip().splitlines()
        return lines[-1] if lines else f"exit code {process.wait()}"


def _grow_here() -> None:
    """The process of a member: it reads what to grow from stdin."""
    facts = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    inputs, seed = [Path(path) for path in facts["inputs"]], facts["seed"]
    rows = len(np.load(inputs[1], mmap_mode="r"))
    dealt = np.random.default_rng(seed).integers(facts["network"]["num_machines"], size=rows, dtype=np.uint16)
    booster = read_booster(inputs, seed, facts["number"], dealt == facts["rank"])
    text = booster.grow(facts["network"], facts["rare"])
    trees, _, _ = text.partition("\nparameters:")  # among which is the member's port
    output = Path(facts["output"])
    write_whole(output, lambda draft: draft.write_text(trees))


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(1)


def _find_others(meeting: Path, rank: int, members: int, seconds: float) -> tuple[list[str], int]:
    """Where each member listens, by rank, and this one's port."""
    host, place = _find_host(), meeting / str(rank)
    if place.exists():  # Dask gives a step that failed to another worker, but the others are no longer there
        raise EngineError(f"A gang of {members} workers broke up: one was lost, or too few came", AGAIN)
    with socket.socket() as listener:
        listener.bind((host, 0))
        port = listener.getsockname()[1]
    write_whole(place, lambda draft: draft.write_text(f"{host}:{port}"))
    places = [meeting / str(each) for each in range(members)]
    if not wait_for(lambda: all(each.exists() for each in places), seconds):
        there = sum(each.exists() for each in places)
        raise EngineError(
            f"A gang of {members} workers: {there} came within {seconds:g} s",
            "Start more workers, or name fewer: --gang N",
        )
    return [each.read_text() for each in places], port


def _find_host() -> str:
    """The address by which the other workers reach this one: of a Dask worker its own, else this machine's."""
    distributed = sys.modules.get("distributed")
    if distributed is None:
        return "127.0.0.1"
    try:
        return str(distributed.get_worker().address).partition("://")[2].rpartition(":")[0]
    except ValueError:  # not in a worker
        return "127.0.0.1"


if __name__ == "__main__":
    _grow_here()
