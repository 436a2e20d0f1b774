"""The service for its operator: what this replica is, what it answered lately, and what it cannot know."""

import os
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass

from carprice import __version__
from carprice.api.pages.model_page import UNKNOWN
from carprice.api.pages.service_tables import (
    MAX_SAMPLES,
    Table,
    list_prices,
    list_releases,
    list_replicas,
    list_states,
)
from carprice.api.state import ServiceState
from carprice.api.traffic import RouteTraffic, Traffic
from carprice.names import FALLBACK

MAX_ROUTES = 20
NOT_KNOWN = (
    ("Whether the edge sends a replica anything, and what is done outside rollouts", "./carprice status"),
    ("Whether MLflow is up, and whether the champion is what is served", "./carprice doctor"),
    ("What was before this process started", "./carprice logs"),
)
"""And the command that says it."""


@dataclass(frozen=True)
class Row:
    """One route's traffic as text."""

    route: str
    cells: Sequence[str]


@dataclass(frozen=True)
class ServicePage:
    """state: in a word. reason: why it is not simply ready. figures: the large ones. rows: by route. tables: of
    what is around this replica.
    """

    is_ready: bool
    state: str
    reason: str
    facts: Sequence[tuple[str, str]]
    figures: Sequence[tuple[str, str]]
    rows: Sequence[Row]
    since: str
    tables: Sequence[Table]


def build_service_page(state: ServiceState) -> ServicePage:
    """What this process knows of itself."""
    traffic = state.traffic.look()
    model = state.model
    says = "Ready" if model else "Not ready"
    reason = "" if model and not state.public_reason else state.public_reason
    if model and model.source != FALLBACK:
        reason = ""
    return ServicePage(
        bool(model),
        says,
        reason,
        _list_facts(state),
        _list_figures(traffic),
        [Row(each.route, _list_cells(each)) for each in traffic.routes[:MAX_ROUTES]],
        f"the last {write_seconds(traffic.seconds)}",
        _list_tables(state),
    )


def _list_tables(state: ServiceState) -> list[Table]:
    tables = [
        list_replicas(state.replicas.look(), state.replicas.is_known),
        list_releases(state.settings.artifacts_dir),
    ]
    if model := state.model:
        tables.append(list_prices(state.samples.list_newest(MAX_SAMPLES), model.pricer.manifest, model.currency))
        tables.append(list_states(state.monitor.look()))
    return tables


def _list_facts(state: ServiceState) -> list[tuple[str, str]]:
    model = state.model
    source = {"": UNKNOWN, FALLBACK: "the one in the image"}.get(
        model.source if model else "", "the folder of models"
    )
    return [
        ("Release", state.settings.release),
        ("Model", f"{model.version}, from {source}" if model else "none is loaded"),
        ("Market", model.pricer.market.title if model else UNKNOWN),
        ("Up for", write_seconds(time.monotonic() - state.started)),
        ("This replica", f"{socket.gethostname()}, process {os.getpid()}"),
        ("Version", __version__),
    ]


def _list_figures(traffic: Traffic) -> list[tuple[str, str]]:
    total = traffic.total
    return [
        ("requests/s", f"{total.per_second:,.1f}"),
        ("median", _write_time(total.median)),
        ("95 %", _write_time(total.p95)),
        ("99 %", _write_time(total.p99)),
        ("failed (5xx)", _write_share(total.failed, total.requests)),
        ("refused (4xx)", _write_share(total.refused, total.requests)),
    ]


def _list_cells(each: RouteTraffic) -> list[str]:
    times = [_write_time(seconds) for seconds in (each.median, each.p95, each.p99)]
    return [f"{each.per_second:,.1f}", *times, f"{each.failed:,}", f"{each.refused:,}"]


def _write_time(seconds: float | None) -> str:
    if seconds is None:
        return "\N{EN DASH}"
    return f"{1000 * seconds:,.3g} ms" if seconds < 1 else f"{seconds:,.3g} s"


def _write_share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.3g} %" if whole else "\N{EN DASH}"


def write_seconds(seconds: float) -> str:
    """A time span in its largest two units."""
    whole = int(seconds)
    days, hours, minutes = whole // 86_400, whole // 3_600 % 24, whole // 60 % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"
