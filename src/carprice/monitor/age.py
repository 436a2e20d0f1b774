"""Lines of the model's age, against the most that is allowed and against its own forecast."""

from datetime import date

from carprice.model.pricer import Pricer
from carprice.monitor.expectation import count_days, find_forecast, judged_error
from carprice.monitor.lines import ACT, AGE, FORECAST, NOT_KNOWN, OK, REFRESH, WATCH, Line, State
from carprice.settings import Settings


def judge_age(pricer: Pricer, settings: Settings, today: date) -> list[Line]:
    """How old the model is, and what error it forecast for that age."""
    days, most = count_days(pricer, today), settings.max_model_days
    refresh = REFRESH.format(market=pricer.market.name)
    state: State = ACT if days > most else OK
    learnt = f"it learnt up to {pricer.as_of}" if pricer.as_of else "it was trained then; its listings have no day"
    age = Line(
        AGE,
        state,
        value=days,
        act=most,
        setting="CARPRICE_MAX_MODEL_DAYS",
        evidence=learnt,
        command=refresh if state == ACT else "",
    )
    return [age, _judge_forecast(pricer, settings, days)]


def _judge_forecast(pricer: Pricer, settings: Settings, days: int) -> Line:
    forecast, judged = find_forecast(pricer.manifest, days), judged_error(pricer.manifest)
    setting, rise = "CARPRICE_MONITOR_ERROR_RISE", settings.monitor_error_rise
    if forecast is None or not judged:
        reason = "its manifest has no forecast: its listings have no day, or it is of an older version"
        return Line(FORECAST, NOT_KNOWN, setting=setting, reason=reason)
    watch, act = judged * (1 + rise), judged * (1 + 2 * rise)
    state: State = ACT if forecast.error >= act else WATCH if forecast.error >= watch else OK
    seen = "" if forecast.is_seen else ", more than its training saw"
    return Line(
        FORECAST,
        state,
        value=forecast.error,
        watch=watch,
        act=act,
        setting=setting,
        evidence=f"for {forecast.days} days{seen}; {judged:.1%} on its test part",
        command="" if state == OK else REFRESH.format(market=pricer.market.name),
    )
