"""The page that prices a file: shown with GET, answered with POST, as a page or as the priced file."""

import io
from typing import Any

from flask import Blueprint, Response, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.formparser import FormDataParser

from carprice.api.info import find_state
from carprice.api.pages.page import show_no_model, show_page
from carprice.api.pages.stock_file import MAX_ROWS, StockError, StockFile, read_stock
from carprice.api.pages.stock_page import Priced, list_rows, price_stock, write_csv
from carprice.api.request_body import read_body
from carprice.api.responses import NO_STORE, RETRY, RefusedError
from carprice.api.state import LoadedModel, ServiceState
from carprice.names import MIB, STOCK_PAGE

MAX_BYTES = 1 * MIB
FORM_TYPE = "multipart/form-data"
MAX_PARTS = 10
FILE, AS_FILE = "file", "csv"
PRICED_NAME = "priced.csv"

blueprint = Blueprint("stock", __name__)


@blueprint.get(STOCK_PAGE)
def show_form() -> Response:
    """Where to drop a file."""
    state = find_state()
    return _render(state, state.model) if state.model else show_no_model(state, "Price a file")


@blueprint.post(STOCK_PAGE)
def price_file() -> Response:
    """The cars of a file with their prices. Raises RefusedError with 400, 408, 413, 415, 429 or 503."""
    state = find_state()
    model = state.require_model()
    data, wanted = _read_form(state, request.environ)
    try:
        file, priced = _price_in_turn(state, model, data)
    except StockError as error:
        return _render(state, model, problem=str(error))
    if wanted == AS_FILE:
        headers = [("Content-Disposition", f'attachment; filename="{PRICED_NAME}"'), NO_STORE]
        body = write_csv(file, priced).encode("utf-8-sig")  # so that a spreadsheet takes it for UTF-8
        return Response(body, headers=headers, content_type="text/csv; charset=utf-8")
    return _render(state, model, priced)


def _read_form(state: ServiceState, environ: dict[str, Any]) -> tuple[bytes, str]:
    """The file, and what is wanted back. Nothing of it is written to disk."""
    body = read_body(environ, MAX_BYTES, state.bodies_in_progress, state.uploads, FORM_TYPE)
    parser = FormDataParser(lambda *_, **__: io.BytesIO(), max_form_parts=MAX_PARTS, silent=False)
    try:
        _, form, files = parser.parse(io.BytesIO(body), FORM_TYPE, len(body), request.mimetype_params)
    except (ValueError, HTTPException):
        raise RefusedError(400, "The body is no form with a file") from None
    sent = files.get(FILE)
    return sent.stream.read() if sent else b"", form.get("as", "")


def _price_in_turn(state: ServiceState, model: LoadedModel, data: bytes) -> tuple[StockFile, list[Priced]]:
    """Read and price a file as one of the batches that are priced at the same time. Raises StockError."""
    if not state.batches.acquire(blocking=False):
        busy = f"{state.settings.max_batches} batches are being priced already; try again"
        raise RefusedError(429, busy, headers=(RETRY,))
    try:
        file = read_stock(data, model.pricer.market)
        priced = price_stock(model, file)
    finally:
        state.batches.release()
    found = [each.valuation for each in priced if each.valuation]
    state.metrics.add_prices([valuation.price for valuation in found], model.currency)
    state.metrics.add_warnings((item.code, item.field) for valuation in found for item in valuation.warnings)
    return file, priced


def _render(
    state: ServiceState, model: LoadedModel, priced: list[Priced] | None = None, problem: str = ""
) -> Response:
    html = render_template(
        "stock.html",
        model=model,
        rows=None if priced is None else list_rows(model, priced),
        problem=problem,
        max_rows=MAX_ROWS,
        max_bytes=MAX_BYTES // MIB,
        warnings=model.age_warnings(state.settings.max_model_days),
    )
    return show_page(html)
