"""docs/http.md: the OpenAPI document, the settings and the metrics of a real app, with real answers."""

import json
import re
import shlex
from typing import Any

from flask import Flask
from prometheus_client.parser import text_string_to_metric_families
from tests.api.calls import Result, as_json, call, find_state
from tests.model.cars import UK_CAR, change
from tests.reference.schema_tables import describe_type, link_schema, write_table

from carprice.api.monitor_gauges import LABELS
from carprice.api.serving.slow_clients import BUSY_SECONDS, MIN_BYTES_PER_SECOND
from carprice.feedback.reading import REQUEST_ID
from carprice.model.evidence.comparables import MAX_COMPARABLES
from carprice.model.price_range import COVERAGE, MAX_COVERAGE, MIN_COVERAGE
from carprice.names import MIB
from carprice.settings import Settings

MARKET_SCHEMAS = ("Listing",)
EXAMPLE_VERSION = "20261123T124500Z"
EXAMPLE_ID = "4f1c2a"
_INNERMOST = re.compile(r"[{\[][^{}\[\]]*[}\]]")

INTRODUCTION = """# HTTP reference

This page is generated from the service by `python -m tests.reference`: do not edit it.

The service listens on port 5000. Requests and answers are JSON; `GET /api/docs` shows the same as this page in the
browser, for the model that is loaded, and `GET /api/openapi.json` is its OpenAPI 3.1 document. The examples are
of a small model of the `uk` market.
"""

LISTING = """### Listing

One car, as the loaded model's market describes it: `GET /info/features` lists the fields with kind, unit, limits
and what training saw. A category is a text, a number or year a number, a flag true or false, a date a text such
as `2020-05-31`; an optional field may be absent or `null`. A field that the market does not have is refused.

A category that was not in the training listings is priced, with a warning and similar ones; so is a number outside
the training range, and a model under another make. Where make or model were never seen, or a number is outside, no
share is promised for the range, `coverage` is `null` and `confidence` is `low`; a market file with `refuse = true`
has such cars refused as `unvalued`. A number outside the market's limits is refused.
"""

OPTIONS = {
    "explain": "`?explain=1` adds the breakdown that sums to the price, from the average car on; `?explain=model` "
    "from the usual car of its make and model on, where ten or more were learnt from; `?explain=0` is usual.",
    "group": "`&group=1` puts year and mileage together in it.",
    "comparables": "`?comparables=5` adds the listings that are most like it, at most "
    f"{MAX_COMPARABLES}; `&id=` names the car, so that it is not among them.",
    "coverage": "`?coverage=0.8` gives the range that holds 80 % of prices; "
    f"from {MIN_COVERAGE} to {MAX_COVERAGE}, and {COVERAGE} is the default.",
}

CLIENTS = """## Clients

The types of the OpenAPI document are the API's and the market's: no new model of a market changes them, and a
client generated from it (`openapi-python-client generate --url http://HOST:5000/api/openapi.json`) stays good.
What a model has seen of each field is in `GET /info/features`. Without a model the document is the same, and a
listing has any fields.
"""

CORS = """## Pages of other sites

A browser lets no page of another site read the answers, unless `CARPRICE_ALLOWED_ORIGINS` names that site:
`https://cars.example https://shop.example:8443`, each with its scheme, and its port where it is not the usual.
There is no `*`. Preflight requests of these sites are answered, without an API key. Credentials are never allowed:
a page reads only what its script has a key for, and a key in a page is everybody's, so give it the scope `price`
and a [rate](keys.md). Where no replica answers, the edge's own 503 does not name the site: the page sees a failed
request.
"""

RULES = """The body is UTF-8. `NaN`, `Infinity`, a field twice in one object, and deep nesting are refused with
400. A problem names the fields that are wrong, but not their values, unless a short text reads as a number: then
it says which number to send.
"""


def write_http(app: Flask) -> str:
    """The whole page."""
    document = call(app.wsgi_app, "GET", "/api/openapi.json").json
    sections = [
        [INTRODUCTION],
        _write_shared(document),
        ["## Endpoints", "", *_write_endpoints(app, document)],
        [CLIENTS, CORS],
        ["## Bodies", "", LISTING, *_write_schemas(document)],
        _write_limits(find_state(app).settings),
        _write_metrics(app),
    ]
    return "\n".join(line for section in sections for line in section).rstrip() + "\n"


def _write_shared(document: dict[str, Any]) -> list[str]:
    components = document["components"]
    lines = ["## Every answer", "", "| header | |", "|---|---|"]
    lines += [f"| `{name}` | {item['description']} |" for name, item in components["headers"].items()]
    asked = components["parameters"]["requestId"]
    lines += ["", f"A request may bring `{asked['name']}` (`{REQUEST_ID.pattern}`) and W3C `traceparent`;"]
    lines += ["both are in the log.", "", "## Problems", "", RULES, "| status | |", "|---|---|"]
    lines += [f"| {status} | {item['description']} |" for status, item in components["responses"].items()]
    return [*lines, "", f"Each is `application/problem+json` with a {link_schema('Problem')}.", ""]


def _write_endpoints(app: Flask, document: dict[str, Any]) -> list[str]:
    lines = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            lines += [f"### {method.upper()} {path}", "", f"{operation['summary']}.", ""]
            lines += [operation["description"], ""] if "description" in operation else []
            lines += _write_operation(operation)
            lines += _write_examples(app, path)
    return lines


def _write_operation(operation: dict[str, Any]) -> list[str]:
    lines = []
    options = {parameter["$ref"].rpartition("/")[2] for parameter in operation["parameters"]}
    for name, text in OPTIONS.items():
        lines += [text, ""] if name in options else []
    if "requestBody" in operation:
        kind, content = next(iter(operation["requestBody"]["content"].items()))
        taken = describe_type(content["schema"]) if kind == "application/json" else f"`{kind}`"
        lines += [f"Takes: {taken}.", ""]
    kind, content = next(iter(operation["responses"]["200"]["content"].items()))
    gives = describe_type(content["schema"]) if kind == "application/json" else f"`{kind}`"
    problems = [status for status in operation["responses"] if status not in ("200", "500")]
    return [*lines, f"Gives: {gives}" + (f"; or {', '.join(problems)}." if problems else "."), ""]


def _write_examples(app: Flask, path: str) -> list[str]:
    short = {key: UK_CAR[key] for key in ("make", "model", "year", "mileage", "fuel", "transmission")}
    cars = {
        "/predict/price": [
            ("", short),
            ("", change(short, asking_price=9995)),
            ("?comparables=2", short),
            ("?explain=1", change(short, model="Fiista")),
            ("?explain=model&group=1", short),
            ("", change(short, year=1900, colour="red")),
        ],
        "/predict/batch": [("", [short, {}])],
        "/predict/curve": [
            ("", {"listing": short, "along": "mileage", "from": 10_000, "to": 250_000, "points": 3}),
            ("", {"listing": short, "years": 2}),
            ("", {"listing": short, "along": "fuel"}),
        ],
        "/feedback": [
            ("", {"listing": short, "price": 9400, "kind": "sold", "day": "2020-06-01"}),
            ("", {"listing": short, "price": 9400}),
        ],
    }
    lines = []
    for query, body in cars.get(path, ()):
        address = f"localhost:5000{path}{query}"
        lines += [
            "```",
            f"$ curl {shlex.quote(address) if '&' in query else address} -H 'Content-Type: application/json' \\",
        ]
        lines += [f"    -d '{json.dumps(body)}'", *_show(call(app.wsgi_app, "POST", path + query, as_json(body)))]
        lines += ["```", ""]
    if path == "/info/status":
        lines += ["```", f"$ curl localhost:5000{path}", *_show(call(app.wsgi_app, "GET", path)), "```", ""]
    return lines


def _show(result: Result) -> list[str]:
    body = result.json
    for key, value in (("model_version", EXAMPLE_VERSION), ("release", "local"), ("uptime_seconds", 12.5)):
        if key in body:
            body[key] = value
    if body.get("answer"):
        body["answer"]["model_version"] = EXAMPLE_VERSION
    if "instance" in body:
        body["instance"] = f"urn:x-request-id:{EXAMPLE_ID}"
    return _INNERMOST.sub(_join_lines, json.dumps(body, indent=2)).splitlines()


def _join_lines(found: re.Match[str]) -> str:
    text = found[0]
    return f"{text[0]}{' '.join(text[1:-1].split())}{text[-1]}"


def _write_schemas(document: dict[str, Any]) -> list[str]:
    lines = []
    for name, schema in document["components"]["schemas"].items():
        if name not in MARKET_SCHEMAS:
            lines += [f"### {name}", ""]
            lines += [schema["description"], ""] if "description" in schema else []
            lines += [*write_table(schema), ""]
    return lines


def _write_limits(settings: Settings) -> list[str]:
    def size(count: int) -> str:
        return f"{count // MIB} MiB" if count >= MIB else f"{count // 1024} KiB"

    rows = [
        ("one listing", size(settings.max_listing_bytes), "max_listing_bytes", "413"),
        ("a batch", size(settings.max_body_bytes), "max_body_bytes", "413"),
        ("listings in a batch", f"{settings.max_batch_rows:,}", "max_batch_rows", "413"),
        ("batches at once, for each replica", str(settings.max_batches), "max_batches", "429"),
        ("an idle connection", f"{settings.idle_seconds} s", "idle_seconds", "closed"),
        (
            "a request that arrives slowly",
            f"{settings.idle_seconds} s and 1 s for each {size(MIN_BYTES_PER_SECOND)} of it",
            "idle_seconds",
            "closed",
        ),
        ("requests in flight when it is stopped", f"{settings.shutdown_seconds} s", "shutdown_seconds", "closed"),
        ("lines in the log, a second", str(settings.log_lines_per_second), "log_lines_per_second", "left out"),
        ("requests of one address, a second", "any number", "address_rate", "429"),
        ("requests in the sample, a second", str(settings.samples_per_second), "samples_per_second", "left out"),
    ]
    lines = ["## Limits", "", "| what | at most | setting | beyond it |", "|---|---|---|---|"]
    lines += [f"| {what} | {limit} | `CARPRICE_{name.upper()}` | {then} |" for what, limit, name, then in rows]
    busy = f"the {settings.idle_seconds} s are {BUSY_SECONDS:g} s."
    lines.append(f"| feedback | {settings.feedback_rows:,} | `CARPRICE_FEEDBACK_ROWS` | the oldest is dropped |")
    lines.append(f"| the file of feedback | {size(settings.feedback_bytes)} | `CARPRICE_FEEDBACK_BYTES` | 507 |")
    return [*lines, "", f"While every thread of a replica waits for a body, {busy}", ""]


def _write_metrics(app: Flask) -> list[str]:
    call(app.wsgi_app, "POST", "/predict/price", as_json(change(UK_CAR, make="Frod")))
    text = call(app.wsgi_app, "GET", "/metrics").body.decode()
    lines = ["## Metrics", "", "| name | kind | labels | |", "|---|---|---|---|"]
    for family in text_string_to_metric_families(text):
        labels = {label: None for sample in family.samples for label in sample.labels if label != "le"}
        name = family.name + ("_total" if family.type == "counter" else "")
        names = ", ".join(f"`{label}`" for label in LABELS.get(family.name, labels))
        lines.append(f"| `{name}` | {family.type} | {names} | {family.documentation} |")
    return [*lines, ""]


def without_amounts(page: str) -> str:
    """The page without its prices: another machine's arithmetic may differ in the last bit."""
    return re.sub(
        r'("(?:price|low|high|base|amount|percentile|percent_to_market|adjusted|alike|median|ratio)": )-?\d+',
        r"\1N",
        page,
    )
