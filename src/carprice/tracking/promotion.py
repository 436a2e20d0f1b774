"""Which model is the champion: in MLflow and in artifacts/champion together, with a record of every change."""

import getpass
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carprice.errors import BundleError, CarPriceError, FileError, TrackingError
from carprice.model.bundle.manifest import (
    champion_version,
    check_version,
    find_bundle,
    set_champion,
    usable_champion,
)
from carprice.model.pricer import load_pricer
from carprice.names import CHAMPION, PENDING, REGISTERED_MODEL
from carprice.settings import Settings
from carprice.system.jsonl import append_line, read_lines
from carprice.tracking.approval import Approval
from carprice.tracking.client import SEND_HINT, connect_client, expect_failures, show_url
from carprice.tracking.outbox import keep_bundle
from carprice.tracking.proof import prove_apart
from carprice.tracking.upload import (
    Say,
    Sent,
    find_version,
    hold_runs,
    list_unsent,
    read_alias,
    send_pending,
)
from carprice.tracking.verification import find_genuine

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from carprice.training.train import Training

RECORD_FILE = "promotions.jsonl"
DONE = "done"
NO_QUESTION = Approval()
"""Of a promotion that nothing was asked before."""


@dataclass(frozen=True)
class Promotion:
    """One line of the record. before is the champion it took the place of; mlflow is done or pending.

    why: in the words of by, empty where nothing was said. forced: the limits that were broken. figures: of the
    comparison with the champion, as Approval has them; None where there was none.
    """

    time: str
    version: str
    before: str | None
    by: str
    mlflow: str
    why: str = ""
    forced: tuple[str, ...] = ()
    figures: dict[str, Any] | None = None


def record_training(training: "Training", settings: Settings, say: Say = print) -> None:
    """Keep a training's run, make the first model the champion, and send what is kept to MLflow.

    Where MLflow is down or a model cannot be recorded, it says so in a warning that names what to type;
    nothing is lost, and the training ends well.
    """
    try:
        if champion_version(settings.artifacts_dir) is None:
            promote_version(training.version, settings, offline=True)
            say(f"{training.version} is the first model, so it is the champion")
    except BundleError as error:  # a damaged champion file: which model serves is for people to say
        say(f"Warning: {error.what}. {error.hint}")
    try:
        keep_bundle(training.folder, settings)
        send_waiting(settings, say)
    except CarPriceError as error:
        unsent = f" {training.version} is not in MLflow yet." if training.version in list_unsent(settings) else ""
        say(f"Warning: {error.what}.{unsent} {error.hint}")


def send_waiting(settings: Settings, say: Say = print) -> list[Sent]:
    """Send every kept run, then the champion where MLflow does not know it yet; returns the runs sent.

    A run that cannot be sent is warned of and left. Raises TrackingError where MLflow does not answer and
    something waits, BundleError where the champion is missing or damaged.
    """
    sent = send_pending(settings, say)
    version = waiting_promotion(settings)
    if version is not None and version not in list_unsent(settings):  # else it was warned of
        promote_version(version, settings, say=say)
        say(f"{version} is the champion in MLflow too")
    return sent


def promote_version(
    version: str,
    settings: Settings,
    offline: bool = False,
    say: Say = print,
    approval: Approval = NO_QUESTION,
) -> Promotion:
    """Make a version the champion in MLflow and in artifacts/champion, both or neither, and record why.

    The bundle has to load and price its golden listings first, in a process of its own and then here; a damaged
    champion file is no obstacle. offline leaves MLflow for later: send_waiting sends it. Raises BundleError for a
    version that is missing or damaged, TrackingError where MLflow does not answer.
    """
    check_version(version)
    folder = find_bundle(settings.artifacts_dir, version)
    prove_apart(folder)
    load_pricer(folder, settings.trusted_keys)
    before = usable_champion(settings.artifacts_dir)
    if offline:
        _write_champion(version, settings)
    else:
        client = _connect(settings)
        _ensure_registered(client, folder, settings, say)
        with hold_runs(settings), _moved_alias(client, version, settings):
            _write_champion(version, settings)
    return _record_promotion(version, before, PENDING if offline else DONE, settings, approval)


def record_rollout(
    version: str, before: str | None, settings: Settings, say: Say = print, approval: Approval = NO_QUESTION
) -> Promotion:
    """Record that a rollout made version the champion on disk, and in MLflow; later where that does not answer."""
    try:
        client = connect_client(settings)
        _ensure_registered(client, settings.artifacts_dir / version, settings, say)
        with hold_runs(settings), _moved_alias(client, version, settings):
            pass
        mlflow = DONE
    except TrackingError as error:
        say(f"Warning: {error.what}, so MLflow does not know the new champion yet. {SEND_HINT}")
        mlflow = PENDING
    return _record_promotion(version, before, mlflow, settings, approval)


def _connect(settings: Settings) -> "MlflowClient":
    try:
        return connect_client(settings)
    except TrackingError as error:
        hint = "Start it: ./carprice up. Or promote here now and in MLflow later: --offline"
        raise TrackingError(error.what, hint) from error


def _ensure_registered(client: "MlflowClient", folder: Path, settings: Settings, say: Say) -> None:
    """Send the version first where MLflow does not have it, or has lost it."""
    if folder.name not in list_unsent(settings):
        with expect_failures(settings):
            if find_version(client, folder.name) is not None:
                return
        keep_bundle(folder, settings)
    send_pending(settings, say)


def _write_champion(version: str, settings: Settings) -> None:
    try:
        set_champion(settings.artifacts_dir, version)
    except FileError as error:
        hint = f"Nothing was promoted. {error.hint}" if error.hint else "Nothing was promoted."
        raise FileError(error.what, hint) from error


@contextmanager
def _moved_alias(client: "MlflowClient", version: str, settings: Settings) -> Iterator[None]:
    """The alias champion on that version, which has to be the bundle's own; it goes back if the block fails."""
    with expect_failures(settings):
        before = read_alias(client, CHAMPION)
        now = find_genuine(client, settings.artifacts_dir / version, settings)
        if now is None:
            raise TrackingError(f"MLflow at {show_url(settings)} has no model of {version}", SEND_HINT)
        client.set_registered_model_alias(REGISTERED_MODEL, CHAMPION, now.version)
    try:
        yield
    except BaseException:
        with expect_failures(settings):
            if before is None:
                client.delete_registered_model_alias(REGISTERED_MODEL, CHAMPION)
            else:
                client.set_registered_model_alias(REGISTERED_MODEL, CHAMPION, before.version)
        raise


def list_promotions(settings: Settings) -> list[Promotion]:
    """The record of promotions, oldest first; a last line that was cut off is left out."""
    names = {item.name for item in fields(Promotion)}
    lines = read_lines(settings.artifacts_dir / RECORD_FILE)
    return [Promotion(**{name: line[name] for name in names & line.keys()}) for line in lines]


def waiting_promotion(settings: Settings) -> str | None:
    """The champion's version where MLflow does not know yet that it is the champion."""
    promotions = list_promotions(settings)
    champion = usable_champion(settings.artifacts_dir)
    if not promotions or promotions[-1].mlflow != PENDING or promotions[-1].version != champion:
        return None
    return champion


def _record_promotion(
    version: str, before: str | None, mlflow: str, settings: Settings, approval: Approval
) -> Promotion:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    why = (approval.why, tuple(approval.reasons), approval.figures)
    promotion = Promotion(now, version, before, _name_user(), mlflow, *why)
    path = settings.artifacts_dir / RECORD_FILE
    try:
        append_line(path, asdict(promotion))
    except OSError as error:
        raise FileError(
            f"{version} is the champion, but {path} does not say so: it cannot be written ({error.strerror})",
            f"See what is in its way: ls -l {path}; df {settings.artifacts_dir}",
        ) from None
    return promotion


def _name_user() -> str:
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())  # a container's user may have no name
    return f"{name}@{socket.gethostname()}"
