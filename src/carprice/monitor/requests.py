"""What the logs of the service hold: a sample of the cars that were priced, and the share of requests refused."""

from collections import Counter
from pathlib import Path

from carprice.feedback.samples import Samples
from carprice.model.listing import check_listing
from carprice.model.pricer import Pricer
from carprice.monitor.inputs import MIN_ROWS, Arrived, arrive
from carprice.monitor.lines import NOT_KNOWN, OK, REFUSED, Limits, Line, judge
from carprice.monitor.statistics import measure_share
from carprice.names import MIB, PRICE_PATH
from carprice.settings import Settings
from carprice.system.jsonl import read_lines

MAX_REQUESTS = 2000
"""The newest ones of the sample."""
LOG_BYTES = 1 * MIB
"""The end of the log that is read."""
REQUESTS = "requests"
PRICED, WRONG = 200, 422


def sample_requests(logs_dir: Path, pricer: Pricer) -> Arrived:
    """The cars of the newest requests of the sample that are of the pricer's market."""
    samples = Samples(logs_dir).list_newest(MAX_REQUESTS)
    checked = [check_listing(pricer.market, sample.listing) for sample in samples]
    return arrive(REQUESTS, [values for values, problems in checked if not problems], pricer)


def judge_refused(log: Path, settings: Settings) -> Line:
    """The share of requests for one price that were refused: a wrong field, or a car that is not valued."""
    setting, limit = "CARPRICE_MONITOR_REFUSED", settings.monitor_refused
    try:
        counts = Counter(
            entry.get("status")
            for entry in read_lines(log, LOG_BYTES)
            if entry.get("method") == "POST" and entry.get("path") == PRICE_PATH
        )
    except OSError as error:
        reason = f"{log.name} cannot be read ({error.strerror})"
        return Line(REFUSED, NOT_KNOWN, REQUESTS, setting=setting, reason=reason)
    rows = counts[PRICED] + counts[WRONG]
    if rows < MIN_ROWS:
        reason = f"requests in the log: {rows}, needed: {MIN_ROWS}"
        return Line(REFUSED, NOT_KNOWN, REQUESTS, rows=rows, setting=setting, reason=reason)
    share, limits = measure_share(counts[WRONG], rows), Limits(limit, 2 * limit, setting)
    state = judge(share, limits)
    evidence = f"{counts[WRONG]:,} of {rows:,} requests for a price"
    reason = "so few requests do not tell on which side of its limit it is" if state == NOT_KNOWN else ""
    command = "" if state in (OK, NOT_KNOWN) else "./carprice logs"
    return Line(
        REFUSED, state, REQUESTS, "all", *share, rows, limits.watch, limits.act, setting, evidence, reason, command
    )
