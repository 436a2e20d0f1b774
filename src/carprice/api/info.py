"""What the service says of itself: status, fields, model, probes, metrics."""

import time
from contextlib import suppress
from typing import Any

from flask import Blueprint, Response, current_app

from carprice.api.metrics import CONTENT_TYPE
from carprice.api.responses import NO_STORE, RefusedError, as_response, json_answer
from carprice.api.state import LoadedModel, Service
from carprice.errors import BundleError
from carprice.market.kinds import KINDS
from carprice.market.market_file import Feature
from carprice.model.manifest import FILES
from carprice.names import ALIVE_PATH, FALLBACK, FEATURES_PATH, METRICS_PATH, MODEL_PATH, READY_PATH, STATUS_PATH

MODEL_KEYS = (
    "format",
    "version",
    "created",
    "demo",
    "data",
    "metrics",
    "baselines",
    "coverage",
    "importance",
    "params",
    "libraries",
    "files",
)

blueprint = Blueprint("info", __name__)


@blueprint.get(ALIVE_PATH)
def livez() -> Response:
    """The process is up."""
    return as_response(json_answer({"status": "alive"}))


@blueprint.get(READY_PATH)
@blueprint.get(STATUS_PATH)
def status() -> Response:
    """200 only when the model, its scaler and its encoders are loaded and price a car as in training."""
    service = find_service()
    model = service.require_model()
    try:
        model.pricer.prove_one()
    except BundleError as error:
        raise RefusedError(503, f"The model does not price as in training: {error.what}") from None
    return as_response(json_answer(_describe_status(service, model)))


@blueprint.get(FEATURES_PATH)
def features() -> Response:
    """The fields of a listing, as the loaded model knows them."""
    return as_response(json_answer(describe_fields(find_service().require_model())))


@blueprint.get(MODEL_PATH)
def model() -> Response:
    """The public part of the manifest."""
    service = find_service()
    return as_response(json_answer(_describe_model(service.require_model(), service.settings.run_link)))


@blueprint.get(METRICS_PATH)
def metrics() -> Response:
    """Prometheus text."""
    return Response(find_service().metrics.text(), headers=[NO_STORE], content_type=CONTENT_TYPE)


def describe_fields(model: LoadedModel) -> dict[str, Any]:
    """Each field with kind, unit, limits, what training saw of it and its share of the trees' gain."""
    importance = model.pricer.manifest.get("importance", {})
    fields = []
    for feature in model.pricer.market.features:
        field: dict[str, Any] = {
            "name": feature.name,
            "label": feature.label,
            "kind": feature.kind,
            "unit": feature.unit or None,
            "required": not feature.optional,
            "importance": importance.get(feature.name),
        }
        if feature.is_category:
            field["values"] = model.pricer.encoders[feature.name]
        elif KINDS[feature.kind].has_range:
            field |= _describe_limits(feature, model.pricer.scaler[feature.name])
        fields.append(field)
    return {"model_version": model.version, "market": model.pricer.market.name, "fields": fields}


def _describe_limits(feature: Feature, figures: dict[str, float]) -> dict[str, Any]:
    kind = KINDS[feature.kind]

    def show(value: float | None) -> Any:
        with suppress(OverflowError):  # a market file may set any limit
            shown = value if value is None else kind.write(value)
            return shown if isinstance(shown, str) else value
        return None

    return {
        "min": show(feature.min),
        "max": show(feature.max),
        "typical": show(figures["fill"]),
        "training_range": [show(figures["min"]), show(figures["max"])],
    }


def _describe_status(service: Service, model: LoadedModel) -> dict[str, Any]:
    return {
        "status": "ready",
        "model_version": model.version,
        "release": service.settings.release,
        "market": model.pricer.market.name,
        "source": model.source,
        "waiting_for": (service.reason or None) if model.source == FALLBACK else None,
        "demo": bool(model.pricer.manifest.get("demo", False)),
        "artifacts": {name.removesuffix(".pkl"): "loaded" for name in FILES},
        "uptime_seconds": round(time.time() - service.started_at, 1),
    }


def _describe_model(model: LoadedModel, run_link: str) -> dict[str, Any]:
    manifest, market = model.pricer.manifest, model.pricer.market
    public = {key: manifest.get(key) for key in MODEL_KEYS}
    public["market"] = {key: getattr(market, key) for key in ("name", "title", "currency", "distance_unit")}
    public["mlflow"] = _describe_run(model.find_run(), run_link)
    return public


def _describe_run(run: dict[str, Any] | None, run_link: str) -> dict[str, Any] | None:
    if not run or not run.get("run_id"):
        return None
    return {**run, "url": f"{run_link}/#/experiments/{run.get('experiment_id')}/runs/{run['run_id']}"}


def find_service() -> Service:
    """The service of the app that answers."""
    service: Service = current_app.extensions["carprice"]
    return service
