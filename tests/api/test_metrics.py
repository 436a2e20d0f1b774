"""Metrics: names, labels, buckets, and the same counts whichever way a request took."""

import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

from flask import Flask
from prometheus_client.parser import text_string_to_metric_families
from tests.api.calls import WAYS, as_json, call, find_state
from tests.api.conftest import MakeApp, wait_until
from tests.model.cars import DATED_CAR, UK_CAR, change

from carprice.model.bundle.manifest import read_manifest

PRICE = "predicted_price"
REQUESTS = "http_server_request_duration_seconds"
BOUNDS = ["0.00025", "0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5"]
BOUNDS += ["1.0", "2.5", "5.0", "10.0", "+Inf"]


def read_samples(app: Any) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample of GET /metrics: (name, labels) to value."""
    result = call(app, "GET", "/metrics")
    assert result.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8"
    families = text_string_to_metric_families(result.body.decode())
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def send_some(app: Any) -> None:
    for body in (UK_CAR, UK_CAR, change(UK_CAR, make="Frod", mileage=400_000), change(UK_CAR, year=3), {}):
        call(app, "POST", "/predict/price", as_json(body))
    call(app, "POST", "/predict/price", b"nonsense")
    call(app, "POST", "/predict/price", b"x" * 70_000)
    call(app, "POST", "/predict/price", as_json(UK_CAR), kind="text/plain")
    call(app, "POST", "/predict/batch", as_json([UK_CAR, {}, change(UK_CAR, make="Frod")]))
    call(app, "GET", "/predict/price")
    call(app, "GET", "/nothing")
    call(app, "BREW", "/coffee")
    call(app, "WHEN", "/coffee")


def count_requests(samples: dict[Any, float]) -> Counter[tuple[str, str, int]]:
    counts: Counter[tuple[str, str, int]] = Counter()
    for (name, labels), value in samples.items():
        if name == f"{REQUESTS}_count":
            label = dict(labels)
            key = label["http_request_method"], label["http_route"], int(label["http_response_status_code"])
            counts[key] = int(value)
    return counts


def test_both_ways_count_the_same(make_app: MakeApp) -> None:
    found = []
    for make in WAYS.values():
        app = make(make_app())
        send_some(app)
        samples = read_samples(app)
        found.append({key: value for key, value in samples.items() if is_count(*key)})
    assert found[0] == found[1]
    assert count_requests(found[0]) == {
        ("POST", "/predict/price", 200): 3,
        ("POST", "/predict/price", 422): 2,
        ("POST", "/predict/price", 400): 1,
        ("POST", "/predict/price", 413): 1,
        ("POST", "/predict/price", 415): 1,
        ("POST", "/predict/batch", 200): 1,
        ("GET", "none", 405): 1,
        ("GET", "none", 404): 1,
        ("_OTHER", "none", 404): 2,
    }
    assert found[0][("predicted_price_count", (("currency", "GBP"),))] == 5
    assert found[0][("listing_warnings_total", (("code", "unknown_category"), ("feature", "make")))] == 2
    assert found[0][("listing_warnings_total", (("code", "outside_training_range"), ("feature", "mileage")))] == 1


def is_count(name: str, labels: Any) -> bool:
    return bool(re.fullmatch(r"http_.*_count|predicted_price_.*|listing_warnings_total", name))


def test_buckets_below_a_millisecond(app: Flask) -> None:
    send_some(app.wsgi_app)
    samples = read_samples(app.wsgi_app)
    labels = {"http_request_method": "POST", "http_response_status_code": "200", "http_route": "/predict/price"}
    counts = [samples[(f"{REQUESTS}_bucket", tuple(sorted({**labels, "le": bound}.items())))] for bound in BOUNDS]
    assert counts == sorted(counts)
    assert counts[-1] == 3
    assert 0 < samples[(f"{REQUESTS}_sum", tuple(sorted(labels.items())))] < 3


def test_the_model_is_named(app: Flask) -> None:
    service = find_state(app)
    manifest = read_manifest(service.settings.artifacts_dir / service.version)
    digest = manifest["files"]["model.pkl"]["sha256"]
    assert read_samples(app.wsgi_app)[("model_info", (("digest", digest), ("version", service.version)))] == 1


def test_prices_keep_the_currency_they_were_predicted_in(
    make_app: MakeApp, small_bundle: Path, dated_bundle: Path, tmp_path: Path
) -> None:
    """After the fallback, here in euros, has given way to a champion in pounds."""
    app = make_app(artifacts_dir=tmp_path / "artifacts", fallback_dir=str(dated_bundle))
    euros = call(app.wsgi_app, "POST", "/predict/price", as_json(DATED_CAR)).json["price"]
    shutil.copytree(small_bundle, tmp_path / "artifacts")
    wait_until(lambda: find_state(app).model.currency == "GBP")  # type: ignore[union-attr]
    batch = call(app.wsgi_app, "POST", "/predict/batch", as_json([UK_CAR, UK_CAR])).json
    pounds = sum(row["price"] for row in batch["results"])
    samples = read_samples(app.wsgi_app)
    found = {key: value for key, value in samples.items() if key[0] in (f"{PRICE}_sum", f"{PRICE}_count")}
    assert found == {
        (f"{PRICE}_sum", (("currency", "EUR"),)): euros,
        (f"{PRICE}_count", (("currency", "EUR"),)): 1,
        (f"{PRICE}_sum", (("currency", "GBP"),)): pounds,
        (f"{PRICE}_count", (("currency", "GBP"),)): 2,
    }


def test_without_a_model_there_is_none(make_app: MakeApp, tmp_path: Any) -> None:
    app = make_app(artifacts_dir=tmp_path / "empty")
    assert not [name for name, _ in read_samples(app.wsgi_app) if name == "model_info"]


def test_the_process_is_measured(app: Flask) -> None:
    assert read_samples(app.wsgi_app)[("process_resident_memory_bytes", ())] > 1_000_000


def test_threads_lose_no_count(app: Flask) -> None:
    from threading import Thread

    def send() -> None:
        for _ in range(200):
            call(app.wsgi_app, "POST", "/predict/price", as_json(UK_CAR))

    threads = [Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count_requests(read_samples(app.wsgi_app))[("POST", "/predict/price", 200)] == 800
