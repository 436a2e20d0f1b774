"""Check a new file, train on it, compare, promote and serve: what is worse than its limits changes nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from carprice.errors import CarPriceError, StackError, TrackingError
from carprice.evaluation.comparison import Comparison, compare_priced
from carprice.evaluation.comparison_text import describe_verdict
from carprice.evaluation.promotion_limits import find_reasons
from carprice.evaluation.unlearnt import MIN_ROWS, pick_unlearnt
from carprice.frames.pricing import price_frame
from carprice.listings.cleaning import CAR, DAY, Listings
from carprice.listings.listings_files import Source
from carprice.listings.stored import Table, load_frame
from carprice.market.market_file import Market, dump_market
from carprice.model.bundle.manifest import find_bundle, usable_champion
from carprice.model.pricer import Pricer, load_pricer
from carprice.names import API
from carprice.ops.local.supervisor import find_supervisor
from carprice.ops.rollout.bake import BakeError
from carprice.ops.rollout.gates import GateError
from carprice.ops.rollout.rollout import Wanted, roll_out
from carprice.ops.stacks.choose import choose_stack
from carprice.ops.stacks.docker_stack import DockerStack
from carprice.ops.status import find_waiting_champion
from carprice.refresh.arrival import find_differences
from carprice.settings import Settings
from carprice.system.locks import HeldError, hold_lock
from carprice.tracking.approval import Approval
from carprice.tracking.promotion import promote_version, record_rollout, record_training
from carprice.training.on_engine.work import NO_ENGINE, EngineChoice, open_work
from carprice.training.train import Training, train

LOCK = "refresh.lock"
WHY = "refresh"
Result = Literal["live", "kept", "checked"]
LIVE: Result = "live"
KEPT: Result = "kept"
CHECKED: Result = "checked"

Say = Callable[[str], None]


class KeptError(Exception):
    """The champion stays, and why."""


@dataclass(frozen=True)
class Order:
    """What a refresh is asked for. stack: docker, local, or empty for the one there is. dry_run: check alone.

    engine: what grows the boosters.
    """

    source: Source
    market: Market
    stack: str = ""
    dry_run: bool = False
    engine: EngineChoice = NO_ENGINE


@dataclass
class Refresh:
    """What came of it. result: live, kept with the reason, or checked where nothing more was asked for.

    version: of the model that was trained, champion: of the one that serves now. steps: each with its outcome.
    """

    result: Result = KEPT
    version: str | None = None
    champion: str | None = None
    reason: str = ""
    steps: dict[str, str] = field(default_factory=dict)


def refresh(order: Order, settings: Settings, say: Say = print) -> Refresh:
    """Run every step, or those up to the first that says no; killed at any of them, it can be run again.

    Raises CarPriceError where a step fails: the champion then serves as before.
    """
    outcome = Refresh(champion=usable_champion(settings.artifacts_dir))
    with _alone(settings):
        try:
            _run(order, settings, outcome, say)
        except KeptError as kept:
            outcome.result, outcome.reason = KEPT, str(kept)
    return outcome


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    path = settings.var_dir / LOCK
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with hold_lock(path):
            yield
    except HeldError:
        raise StackError(
            f"Another refresh is under way: it holds {path}", "Wait for it, then run it again."
        ) from None


def _run(order: Order, settings: Settings, outcome: Refresh, say: Say) -> None:
    def note(step: str, text: str) -> None:
        outcome.steps[step] = text
        say(f"{step}: {text}")

    before = _load_champion(outcome.champion, settings)
    if before and not order.dry_run and (late := _serve_late(order, settings, say)):
        note("before", late)
    cap = before.manifest["data"].get("cap") if before else None
    with open_work(order.engine, settings.artifacts_dir, order.market.name) as work:
        listings = work.read(order.source, order.market, cap)
        for line in listings.report.head():
            say(line)
        try:
            note("check", _check(listings, order.market, before, settings))
        except KeptError:
            work.forget()
            raise
        if order.dry_run:
            outcome.result = CHECKED
            return
        training = train(listings, order.market, settings, say=say, work=work)
    outcome.version = training.version
    note("train", f"{training.version}, {training.manifest['data']['served_rows']:,} listings")
    record_training(training, settings, say)
    comparison = None
    if before is not None:
        comparison = _compare(training, before, settings)
        note("compare", " ".join(describe_verdict(comparison, [])))
    note("serve", _serve(order, training.version, comparison, settings, say))
    outcome.result, outcome.champion = LIVE, training.version


def _serve_late(order: Order, settings: Settings, say: Say) -> str:
    """What a refresh that was killed between the promotion and the restart left to be done; empty for nothing."""
    stack = choose_stack(settings, order.stack, say)
    if isinstance(stack, DockerStack) or find_supervisor(settings) is None:
        return ""
    if not (champion := find_waiting_champion(stack.status(), settings)):
        return ""
    stack.restart([API])
    return f"the champion {champion} did not serve yet, now it does"


def _load_champion(version: str | None, settings: Settings) -> Pricer | None:
    return load_pricer(find_bundle(settings.artifacts_dir, version), settings.trusted_keys) if version else None


def _check(listings: Listings[Table], market: Market, champion: Pricer | None, settings: Settings) -> str:
    """How many listings there are. Raises KeptError where they are not new, or differ too much."""
    report = listings.report
    text = f"{report.rows_kept:,} of {report.rows_read:,} rows are listings"
    if champion is None:
        return f"{text}; there is no champion to hold them against"
    if dump_market(market) != dump_market(champion.market):
        raise KeptError(
            f"the market file is not the one of the champion {champion.version}: train and promote once by hand"
        )
    if champion.manifest["data"]["fingerprint"] == listings.fingerprint:
        raise KeptError(f"nothing is new: {champion.version} has learnt from these very listings")
    whole = Listings(load_frame(listings.frame), report, listings.fingerprint)
    if differences := find_differences(whole, champion, settings.artifacts_dir / champion.version):
        raise KeptError(f"the file differs too much from the last one: {'; '.join(differences)}")
    return f"{text}, like those of {champion.version}"


def _compare(training: Training, champion: Pricer, settings: Settings) -> Comparison:
    """The judged model with the champion, on test listings new to both. Raises KeptError where it is worse."""
    folder = settings.artifacts_dir / champion.version
    fair, facts = pick_unlearnt(training.test, [(champion, folder)])
    if fair.height < MIN_ROWS:
        raise KeptError(
            f"{fair.height:,} listings are new to both, and at least {MIN_ROWS} are needed to compare "
            f"{training.version} with {champion.version}"
        )
    names = [feature.name for feature in champion.market.features]
    plain = fair.select(names + [name for name in ("price", "key", CAR, DAY) if name in fair.columns])
    old = price_frame(plain, champion)
    new = load_pricer(training.folder, settings.trusted_keys)
    comparison = compare_priced(fair, old, new, champion, {"source": "the test part", **facts})
    if reasons := find_reasons(comparison, settings):
        raise KeptError(f"{training.version} is worse than {champion.version}: {'; '.join(reasons)}")
    return comparison


def _serve(order: Order, version: str, comparison: Comparison | None, settings: Settings, say: Say) -> str:
    """Through the gates of a rollout on Docker, with the image that is live; else the champion, then a restart."""
    stack = choose_stack(settings, order.stack, say)
    if isinstance(stack, DockerStack) and stack.status():
        record = partial(record_rollout, approval=Approval(comparison, why=WHY))
        try:
            found = roll_out(stack.context, Wanted(stack.context.live.image, version), record)
        except (GateError, BakeError) as error:
            raise KeptError(f"the rollout went back: {error.what}") from None
        return f"{found.release} is live on Docker: {found.proof}"
    before = usable_champion(settings.artifacts_dir)
    _promote(version, comparison, settings, say)
    if isinstance(stack, DockerStack) or find_supervisor(settings) is None:
        return "it is the champion; nothing runs here, so the next ./carprice up serves it"
    try:
        stack.restart([API])
    except CarPriceError:
        if before is not None:
            _promote(before, None, settings, say)
            stack.restart([API])
        raise
    return "it is the champion, and the processes here serve it"


def _promote(version: str, comparison: Comparison | None, settings: Settings, say: Say) -> None:
    approval = Approval(comparison, why=WHY)
    if usable_champion(settings.artifacts_dir) == version:  # the first model
        return
    try:
        promote_version(version, settings, say=say, approval=approval)
    except TrackingError as error:
        say(f"Warning: {error.what}. It is told later: ./carprice models send")
        promote_version(version, settings, offline=True, say=say, approval=approval)


def describe_refresh(outcome: Refresh) -> str:
    """The summary, in one line."""
    if outcome.result == LIVE:
        return f"{outcome.champion} is the champion now: {outcome.steps['serve']}"
    if outcome.result == CHECKED:
        return f"The file can be learnt from: {outcome.steps['check']}"
    kept = outcome.champion or "Nothing"
    return f"{kept} stays: {outcome.reason}"
