"""A file of listings to a file of prices in parts, on an engine: the same file as in one go, to the last bit."""

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import polars as pl

from carprice.engine.engine import Engine, Part
from carprice.engine.steps import hold_work, name_output, remove, write_whole
from carprice.frames.parts import find_trusted, load_kept_pricer
from carprice.listings.cleaning import Cleaner
from carprice.listings.listings_files import ListingsFiles
from carprice.model.evidence.comparables import ComparableFinder, load_finder
from carprice.model.pricer import Pricer
from carprice.scoring.score_file import (
    BATCH_ROWS,
    Note,
    answer_batch,
    check_file,
    describe_dropped,
    write_scores,
)
from carprice.scoring.summary import ScoreSummary, neutralise
from carprice.system.files import check_free

SCORES = "scores"
SUMMARY = "summary.npz"
WORK = ".work"
"""What the name of the folder of parts adds to that of the output."""


@dataclass(frozen=True)
class Scoring:
    """How a file is scored: as score_file, neutralise and write_scores take it. trusted: as for load_pricer."""

    trusted: str = ""
    asking: str | None = None
    comparables: bool = False
    safe: bool = False
    as_parquet: bool = False


def score_parts(
    files: ListingsFiles,
    bundle: Path,
    pricer: Pricer,
    scoring: Scoring,
    engine: Engine,
    output: Path,
    force: bool = False,
    note: Note | None = None,
) -> ScoreSummary:
    """Score files into the file output, in parts that are kept beside it in a folder until it is there.

    bundle: the folder of the pricer. note: as for score_file. Raises ListingsError as score_file does, FileError
    where output exists and force is not given, EngineError and OSError.
    """
    notes = check_file(files, pricer, scoring.asking, scoring.comparables)
    check_free(output, force)
    with hold_work(output.with_name(f"{output.name}{WORK}")) as work:
        cut = _Cut(files, work)
        for line in notes if note else ():
            note(line)  # type: ignore[misc]
        options = {**asdict(scoring), "trusted": find_trusted(scoring.trusted)}
        parts = engine.map(score_part, cut.read(bundle), work, **options)
        whole = engine.one(join_parts, parts, work, as_parquet=scoring.as_parquet)
        summary = ScoreSummary(pricer.market, is_complete=True)
        for part in parts:
            summary.add(part / SUMMARY)
        whole.replace(output)
        for line in cut.notes if note else ():
            note(line)  # type: ignore[misc]
    remove(work)
    return summary


def score_part(
    inputs: Sequence[Path], output: Path, with_header: bool, safe: bool, as_parquet: bool, **scoring: Any
) -> None:
    """A step: a part of the rows and the bundle to a folder of their scores, and their summary."""
    pricer = load_kept_pricer(inputs[1], scoring["trusted"])
    finder = _load_finder(inputs[1], pricer) if scoring["comparables"] else None
    asking = scoring["asking"]
    batch = pl.read_ipc(inputs[0])
    frame = Cleaner(pricer.market, "part", with_price=False).mark_problems(batch, 1)
    summary = ScoreSummary(pricer.market)
    [scored] = summary.count(iter([answer_batch(batch, frame, pricer, asking, finder)]))
    scored = neutralise(scored) if safe else scored
    output.mkdir()
    if as_parquet:
        scored.write_ipc(output / SCORES)
    else:
        (output / SCORES).write_bytes(scored.write_csv(include_header=with_header).encode())
    summary.save(output / SUMMARY)


def join_parts(inputs: Sequence[Path], output: Path, as_parquet: bool) -> None:
    """A step: the scores of all parts in one file."""
    with output.open("wb") as file:
        if as_parquet:
            frames = (pl.read_ipc(part / SCORES) for part in inputs)
            write_scores(frames, file, as_parquet=True)
            return
        for part in inputs:
            with (part / SCORES).open("rb") as scores:
                shutil.copyfileobj(scores, file)


class _Cut:
    """The rows of listings files in parts of BATCH_ROWS at most, written to a folder while they are read.

    What an earlier command has cut is not cut again, nor read where it has cut all. notes: of what was read.
    """

    def __init__(self, files: ListingsFiles, work: Path) -> None:
        self._files = files
        named = {"columns": files.columns, "rows": BATCH_ROWS, **files.options}
        self._folder = work / name_output(
            ListingsFiles.read_batches, [file.path for file in files.files], work, named
        )
        self._end = self._folder / "end"
        self.notes: list[str] = []

    def read(self, bundle: Path) -> Iterator[Part]:
        """The parts in order, each with the bundle that scores it. Raises ListingsError."""
        for number, (path, rows) in enumerate(self._find() if self._end.exists() else self._cut()):
            yield Part([path, bundle], {"with_header": number == 0}, rows)

    def _find(self) -> Iterator[tuple[Path, int]]:
        found = json.loads(self._end.read_text())
        self.notes = found["notes"]
        for number, rows in enumerate(found["rows"]):
            yield self._folder / str(number), rows

    def _cut(self) -> Iterator[tuple[Path, int]]:
        self._folder.mkdir(exist_ok=True)
        counts: list[int] = []
        for batch in self._files.read_batches(BATCH_ROWS):
            path = self._folder / str(len(counts))
            if not path.exists():
                write_whole(path, partial(batch.write_ipc, compression="lz4"))
            counts.append(batch.height)
            yield path, batch.height
        self.notes = describe_dropped(self._files)
        text = json.dumps({"rows": counts, "notes": self.notes})
        write_whole(self._end, lambda draft: draft.write_text(text))


@lru_cache(maxsize=1)
def _load_finder(bundle: Path, pricer: Pricer) -> ComparableFinder | None:
    return load_finder(bundle, pricer)
