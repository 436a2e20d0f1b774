"""A file of feedback into the store: what is right is kept, what is wrong is named by its row."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from carprice.feedback.entry import Feedback
from carprice.feedback.file_rows import read_rows
from carprice.feedback.opening import Store
from carprice.feedback.reading import answer_feedback, check_feedback
from carprice.feedback.samples import Samples
from carprice.model.pricer import Pricer

ROWS_AT_ONCE = 500
"""Kept in one transaction: all of them or none."""
MAX_SAMPLES = 1_000_000


@dataclass
class Import:
    """What became of the rows of a file. refused: by row, counted from 1, why. unanswered: no model's price is
    known for them."""

    new: int = 0
    known: int = 0
    unanswered: int = 0
    refused: dict[int, str] = field(default_factory=dict)


def import_feedback(path: Path, pricer: Pricer, samples: Samples, store: Store) -> Import:
    """Keep the feedback of a file. Raises FeedbackError; what was kept before it stays."""
    done = Import()
    find = {sample.request_id: sample for sample in samples.list_newest(MAX_SAMPLES)}.get
    entries: list[Feedback] = []
    for number, fields in read_rows(path, pricer.market):
        if isinstance(fields, Exception):
            done.refused[number] = str(fields)
            continue
        checked, problems = check_feedback(pricer.market, fields)
        if checked is None:
            done.refused[number] = "; ".join(
                f"{item.pointer[2:]}: {item.detail}".lstrip(": ") for item in problems
            )
            continue
        entries.append(answer_feedback(checked, pricer, find))
        if len(entries) == ROWS_AT_ONCE:
            _keep(entries, store, done)
            entries = []
    _keep(entries, store, done)
    return done


def _keep(entries: Sequence[Feedback], store: Store, done: Import) -> None:
    is_new = store.add(entries) if entries else []
    done.new += sum(is_new)
    done.known += len(is_new) - sum(is_new)
    done.unanswered += sum(entry.answer is None for entry in entries)
