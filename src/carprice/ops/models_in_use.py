"""Which models something needs: what serves now, and what the next rollback would bring back."""

from contextlib import suppress

from carprice.names import LOOPBACK, STATUS_PATH
from carprice.ops.limits import STATUS_SECONDS
from carprice.ops.rollout.history import list_live
from carprice.ops.stack_context import make_context
from carprice.settings import Settings
from carprice.system.http import Address

RELEASES = 2
"""The live release, and the one before it."""


def find_models_in_use(settings: Settings) -> dict[str, str]:
    """By version, what it is needed for. A service that does not answer within STATUS_SECONDS serves none."""
    journal = make_context(settings, lambda _: None).journal
    used = {entry.model: "is what a rollback may bring back" for entry in list_live(journal)[-RELEASES:]}
    with suppress(OSError):
        address = Address(LOOPBACK, settings.port, is_tls=bool(settings.tls))
        answer = address.ask("GET", STATUS_PATH, seconds=STATUS_SECONDS)
        used[answer.headers.get("x-model-version", "")] = "serves now"
    return used
