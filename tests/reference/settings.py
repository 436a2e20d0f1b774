"""The table of settings in docs/cli.md: name, default, and what each is for."""

from collections.abc import Iterator
from pathlib import Path

from carprice.settings import ROOT, Settings

COMPARE, MONITOR, LIMITS = "[compare.md](compare.md)", "[monitor.md](monitor.md)", "[http.md](http.md#limits)"

MEANINGS = {
    "artifacts_dir": "the folder of the models",
    "logs_dir": "the folder of logs and of the sample of requests",
    "markets_dir": "the folder of the market files",
    "var_dir": "the folder of what else is kept: feedback, runs that MLflow has not got, its data without Docker",
    "stack_dir": "the folder of the stack: `.env`, `docker-compose.yml`, `rollout.toml`",
    "stack": "`docker`, `local` or `kubernetes:OVERLAY`; else what runs, or Docker where an engine answers",
    "host": "the address that the service listens on",
    "port": "the port of the service",
    "mlflow_port": "the port of this machine's MLflow",
    "mlflow_url": "where another MLflow answers: `http://` or `https://`; `MLFLOW_TRACKING_URI` is read too",
    "mlflow_public_url": "where a browser finds MLflow, if that is not the same",
    "fallback_dir": "the folder of the models that serve while `artifacts/` has none",
    "model_version": "the model to serve, in place of the champion",
    "trusted_keys": "the folder of the keys of [signed models](bundle.md#signatures), beginning with `/` or `./`",
    "signing_key": "the private key that a training signs with",
    "api_keys": "the folder of the [API keys](keys.md), beginning with `/` or `./`; without it none is needed",
    "address_rate": "[requests a second](keys.md#rates) of one address, such as `50/s`",
    "tls": "the folder of [certificate and key](tls.md), beginning with `/` or `./`",
    "release": "the name in `X-Release`",
    "dealer_name": "stands on a [printed price](pages.md)",
    "allowed_origins": "the sites whose pages may read the answers, such as `https://cars.example`",
    "replica_names": "host names of all replicas, which [the service's page](pages.md) asks",
    "health_route": "a path that Vertex AI chose, beside `/readyz`: [clients.md](clients.md)",
    "predict_route": "a path that Vertex AI chose for prices: [clients.md](clients.md)",
    "share_sample": "1: `GET /info/sample` lends gates recent requests",
    "max_model_days": f"a model that is older is warned of: {MONITOR}",
    "threads": "requests that a process works on at a time",
    "idle_seconds": f"after which a connection without a request is closed: {LIMITS}",
    "max_listing_bytes": f"of one listing: {LIMITS}",
    "max_body_bytes": f"of a batch: {LIMITS}",
    "max_batch_rows": f"listings in a batch: {LIMITS}",
    "max_batches": f"batches at a time, of one process: {LIMITS}",
    "start_seconds": "after which a service that has not answered once is ended and started again",
    "shutdown_seconds": "that requests in flight have when it is stopped",
    "watchdog_seconds": "between looks of the watchdog, and how long one may take: [docker.md](docker.md)",
    "watchdog_failures": "failed looks in a row after which it is ended and started again",
    "log_bytes": "of a file of the log, before the next begins",
    "log_files": "older files of the log that are kept",
    "log_lines_per_second": "in the log; 0 for no line of a request",
    "sample_bytes": "of a file of the sample of requests, before the next begins",
    "samples_per_second": "requests in [the sample](privacy.md); 0 for none",
    "feedback_url": "the [database of feedback](feedback.md#where-it-is-kept): `postgresql://user:password@host/database`",
    "feedback_rows": "feedback that is kept; 0 for none",
    "feedback_bytes": "of the file of feedback",
    "promote_absolute_change": f"by how much the median error may rise: {COMPARE}",
    "promote_relative_change": "the same, as a share of the champion's",
    "promote_segment_absolute_change": "the same, in each segment",
    "promote_segment_relative_change": "the same, as a share, in each segment",
    "promote_coverage_change": "how much less the range may hold",
    "promote_price_shift": "how far prices may move in the median",
    "index_bound": "how far, in log price, what came back may move all prices, at most 0.1; 0 for no move",
    "monitor_days": f"that feedback is looked back on: {MONITOR}",
    "monitor_error_rise": "of the median error, from which to watch; to act from twice that",
    "monitor_ratio_shift": "of answers to prices, likewise",
    "monitor_coverage_drop": "of the share within the range, likewise",
    "monitor_drift_watch": "population stability index from which to watch",
    "monitor_drift_act": "population stability index from which to act",
    "monitor_unknown": "share of cars with a category that training never saw, from which to watch",
    "monitor_outside": "share of cars with a number outside those of training, likewise",
    "monitor_low_confidence": "more prices of low confidence than in training, likewise",
    "monitor_refused": "share of requests that were refused, likewise",
}


def write_settings() -> Iterator[str]:
    """The lines of the table."""
    yield from ("| variable | default | what it is |", "|---|---|---|")
    for name, default in vars(Settings()).items():
        yield f"| `CARPRICE_{name.upper()}` | {_show_default(default)} | {MEANINGS[name]} |"


def _show_default(value: object) -> str:
    if isinstance(value, Path):
        return "the checkout" if value == ROOT else f"`{value.relative_to(ROOT)}/` in the checkout"
    return f"`{value}`" if value != "" else "none"
