"""Feedback over HTTP: what a car was sold or listed for."""

from typing import Any

from flask import Blueprint, Response, current_app, request

from carprice.api.decoding import MalformedError, load_json
from carprice.api.request_body import read_body
from carprice.api.responses import RETRY, RefusedError, count_wrong, flask_response, json_response
from carprice.api.schemas.answers import FeedbackAnswer
from carprice.api.state import ServiceState
from carprice.errors import FeedbackBusyError, FeedbackError, StorageAwayError, StorageFullError
from carprice.feedback.entry import Feedback
from carprice.feedback.reading import answer_feedback, check_feedback
from carprice.names import FEEDBACK_PATH

blueprint = Blueprint("feedback", __name__)


@blueprint.post(FEEDBACK_PATH)
def feedback() -> Response:
    """One price that was reached."""
    return flask_response(json_response(_answer_feedback(current_app.extensions["carprice"], request.environ)))


def _answer_feedback(state: ServiceState, environ: dict[str, Any]) -> FeedbackAnswer:
    """Raises RefusedError with 400, 404, 408, 413, 415, 422, 429, 503 or 507."""
    if not state.settings.feedback_rows:
        raise RefusedError(404, "This service keeps no feedback")
    model = state.require_model()
    limit = state.settings.max_listing_bytes
    try:
        body = load_json(read_body(environ, limit, state.bodies_in_progress, state.uploads))
    except MalformedError as error:
        raise RefusedError(400, str(error)) from None
    checked, problems = check_feedback(model.pricer.market, body)
    if checked is None:
        raise count_wrong(problems)
    entry = answer_feedback(checked, model.pricer, state.samples.find)
    is_new = _keep(state, entry)
    said = entry.answer
    ratio = None if said is None else round(said.price / entry.price, 4)
    return FeedbackAnswer(entry.id, is_new, entry.kind, entry.day, model.currency, entry.price, said, ratio)


def _keep(state: ServiceState, entry: Feedback) -> bool:
    """Whether it is new. Strangers learn of no folder: the log has the reason."""
    try:
        return state.feedback.add([entry])[0]
    except FeedbackBusyError:
        raise RefusedError(503, "Feedback is being written by others; try again", headers=(RETRY,)) from None
    except StorageAwayError as error:
        state.log.error("feedback not kept", reason=error.what, fix=error.hint)
        detail = "The store of feedback does not answer, so nothing was kept; try again"
        raise RefusedError(503, detail, headers=(RETRY,)) from None
    except StorageFullError as error:
        state.log.error("feedback not kept", reason=error.what, fix=error.hint)
        raise RefusedError(507, "There is no room for feedback; it was not kept") from None
    except FeedbackError as error:
        state.log.error("feedback not kept", reason=error.what, fix=error.hint)
        raise RefusedError(503, "Feedback cannot be kept; the log has the reason") from None
