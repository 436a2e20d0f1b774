"""Information on the service: status, fields, model, probes, metrics."""

import time
from contextlib import suppress
from typing import Any

from flask import Blueprint, Response, current_app

from carprice.api.metrics import CONTENT_TYPE
from carprice.api.responses import NO_STORE, RefusedError, flask_response, json_response
from carprice.api.schemas.answers import (
    AliveAnswer,
    FeaturesAnswer,
    FieldAnswer,
    Limit,
    LoadedFiles,
    MarketSummary,
    ModelAnswer,
    StatusAnswer,
)
from carprice.api.state import LoadedModel, ServiceState
from carprice.errors import BundleError
from carprice.market.kinds import KINDS, Kind
from carprice.market.market_file import Feature
from carprice.model.golden import prove_one
from carprice.names import ALIVE_PATH, FALLBACK, FEATURES_PATH, METRICS_PATH, MODEL_PATH, READY_PATH, STATUS_PATH
from carprice.recent_requests import read_sample

MAX_SHARED = 1000
"""Listings of recent requests."""

blueprint = Blueprint("info", __name__)


@blueprint.get(ALIVE_PATH)
def livez() -> Response:
    """The process is up."""
    return flask_response(json_response(AliveAnswer("alive")))


@blueprint.get(READY_PATH)
@blueprint.get(STATUS_PATH)
def status() -> Response:
    """200 only when trees, scaler and encoders are loaded and price a golden listing as in training."""
    state = find_state()
    return flask_response(json_response(_describe_status(state, check_ready(state))))


@blueprint.get(FEATURES_PATH)
def features() -> Response:
    """The fields of a listing, as the loaded model knows them."""
    return flask_response(json_response(describe_fields(find_state().require_model())))


@blueprint.get(MODEL_PATH)
def model() -> Response:
    """The public part of the manifest."""
    state = find_state()
    return flask_response(json_response(_describe_model(state.require_model(), state.settings.run_link)))


@blueprint.get(METRICS_PATH)
def metrics() -> Response:
    """Prometheus text."""
    return Response(find_state().metrics.text(), headers=[NO_STORE], content_type=CONTENT_TYPE)


def sample() -> Response:
    """Some recent requests: a route only where CARPRICE_SHARE_SAMPLE says so, and never through the edge."""
    listings = read_sample(find_state().settings.logs_dir, MAX_SHARED)
    return flask_response(json_response({"listings": listings}))


def check_ready(state: ServiceState) -> LoadedModel:
    """The loaded model, which prices a golden listing as in training. Raises RefusedError with 503."""
    model = state.require_model()
    try:
        prove_one(model.pricer)
    except BundleError as error:
        raise RefusedError(503, f"The model does not price as in training: {error.what}") from None
    return model


def describe_fields(model: LoadedModel) -> FeaturesAnswer:
    """Each field with kind, unit, limits, what training saw of it and its share of the trees' gain."""
    fields = [_describe_field(feature, model) for feature in model.pricer.market.features]
    return FeaturesAnswer(model.version, model.pricer.market.name, fields)


def _describe_field(feature: Feature, model: LoadedModel) -> FieldAnswer:
    kind, name = KINDS[feature.kind], feature.name
    importance = model.pricer.manifest.get("importance", {}).get(name)
    field = FieldAnswer(name, feature.label, kind.name, feature.unit or None, not feature.optional, importance)
    if kind.is_category:
        field.values = model.pricer.encoders[name]
    elif kind.has_range:
        figures = model.pricer.scaler[name]
        shown = [_show_limit(kind, figures[key]) for key in ("fill", "min", "max")]
        field.typical, field.training_range = shown[0], shown[1:]
        field.min, field.max = _show_limit(kind, feature.min), _show_limit(kind, feature.max)
    return field


def _show_limit(kind: Kind, limit: float | None) -> Limit:
    """The limit as it is in JSON; None where there is none, or where it is beyond the calendar."""
    with suppress(OverflowError):
        shown = limit if limit is None else kind.write(limit)
        return shown if isinstance(shown, str) else limit
    return None


def _describe_status(state: ServiceState, model: LoadedModel) -> StatusAnswer:
    return StatusAnswer(
        status="ready",
        model_version=model.version,
        release=state.settings.release,
        market=model.pricer.market.name,
        source=model.source,
        waiting_for=(state.public_reason or None) if model.source == FALLBACK else None,
        demo=bool(model.pricer.manifest.get("demo", False)),
        artifacts=LoadedFiles("loaded", "loaded", "loaded"),
        uptime_seconds=round(time.monotonic() - state.started, 1),
    )


def _describe_model(model: LoadedModel, run_link: str) -> ModelAnswer:
    manifest, market = model.pricer.manifest, model.pricer.market
    public: dict[str, Any] = {key: manifest.get(key) for key in ModelAnswer.__struct_fields__}
    public["market"] = MarketSummary(market.name, market.title, market.currency, market.distance_unit)
    public["mlflow"] = describe_run(model.find_run(), run_link)
    return ModelAnswer(**public)


def describe_run(run: dict[str, Any] | None, run_link: str) -> dict[str, Any] | None:
    """The MLflow run with its address for a browser; None where it is not known."""
    if not run or not run.get("run_id"):
        return None
    return {**run, "url": f"{run_link}/#/experiments/{run.get('experiment_id')}/runs/{run['run_id']}"}


def find_state() -> ServiceState:
    """The state of the app that answers."""
    state: ServiceState = current_app.extensions["carprice"]
    return state
