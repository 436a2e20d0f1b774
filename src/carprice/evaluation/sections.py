"""The report as titled tables of text, which the terminal and the page show alike."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from carprice.evaluation.notes import KIND_NAMES

NONE = "-"


@dataclass(frozen=True)
class Section:
    """One table with its head, and a sentence that says how to read it. Columns but the first are figures."""

    title: str
    about: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def show_share(value: float | None) -> str:
    """A share as percent."""
    return NONE if value is None else f"{value:.1%}"


def show_amount(value: float | None) -> str:
    """An amount in whole currency, or a number of listings."""
    return NONE if value is None else f"{value:,.0f}"


def show_tenth(value: float | None) -> str:
    """A number with one decimal."""
    return NONE if value is None else f"{value:.1f}"


def show_ratio(value: float | None) -> str:
    """A ratio around 1, or another small number."""
    return NONE if value is None else f"{value:.3f}"


def show_interval(figures: Mapping[str, Any]) -> str:
    """The median ratio with its interval."""
    if figures["low_ratio"] is None:
        return show_ratio(figures["median_ratio"])
    return f"{figures['median_ratio']:.3f} ({figures['low_ratio']:.3f}-{figures['high_ratio']:.3f})"


Show = Callable[[Mapping[str, Any]], str]

COLUMNS: dict[str, Show] = {
    "listings": lambda item: show_amount(item["rows"]),
    "median error": lambda item: show_share(item["median_ape"]),
    "within 10%": lambda item: show_share(item["ppe10"]),
    "over 20%": lambda item: show_share(item["over_20"]),
    "MAE": lambda item: show_amount(item["mae"]),
    "median ratio": show_interval,
    "COD": lambda item: show_tenth(item["cod"]),
    "PRD": lambda item: show_ratio(item["prd"]),
    "PRB": lambda item: show_ratio(item["prb"]),
    "coverage": lambda item: show_share(item["coverage"]),
    "width": lambda item: show_share(item["width"]),
}
"""Of every segment."""

OVERALL: dict[str, tuple[str, Show]] = {
    "rows": ("listings judged", lambda item: show_amount(item["rows"])),
    "median_ape": ("median error, of the actual price", lambda item: show_share(item["median_ape"])),
    "mape": ("mean error (MAPE)", lambda item: show_share(item["mape"])),
    "ppe5": ("within 5% of the actual price (PPE5)", lambda item: show_share(item["ppe5"])),
    "ppe10": ("within 10% (PPE10)", lambda item: show_share(item["ppe10"])),
    "ppe20": ("within 20% (PPE20)", lambda item: show_share(item["ppe20"])),
    "over_20": ("off by more than 20%", lambda item: show_share(item["over_20"])),
    "over_50": ("off by more than 50%", lambda item: show_share(item["over_50"])),
    "mae": ("mean error in {currency} (MAE)", lambda item: show_amount(item["mae"])),
    "median_ratio": ("median ratio, predicted / actual (95% interval)", show_interval),
    "cod": ("coefficient of dispersion (COD)", lambda item: show_tenth(item["cod"])),
    "prd": ("price-related differential (PRD)", lambda item: show_ratio(item["prd"])),
    "prb": ("price-related bias (PRB)", lambda item: show_ratio(item["prb"])),
    "fsd": ("forecast standard deviation (FSD)", lambda item: show_share(item["fsd"])),
    "coverage": ("held by the 90% range", lambda item: show_share(item["coverage"])),
    "width": ("median width of the range, of the price", lambda item: show_share(item["width"])),
    "interval_score": ("mean interval score in {currency}", lambda item: show_amount(item["interval_score"])),
}
"""Every statistic by its key: its name, and how it is shown."""

_KIND_TITLES = {
    "make": ("By make", "The largest, with at least 20 listings each."),
    "age": ("By age", "Years before the newest car."),
    "price": ("By price", "Fifths of the predicted price, in {currency}."),
    "fuel": ("By fuel", ""),
    "month": ("By month", "Of the listing's day."),
    "days": ("By days since", "Days after the last one learnt from."),
    "confidence": ("By confidence", "What each level means: how many were within 10%, and how many it said."),
    "promise": ("By promise", "No share is promised where make or model is unknown or a value was never seen."),
}


def list_sections(report: Mapping[str, Any]) -> list[Section]:
    """Every table of a report that is not empty, in the order to read them."""
    sections = [
        _list_overall(report),
        *_list_kinds(report),
        list_ageing(report),
        _list_left_out(report),
        _list_sense(report),
        _list_unvalued(report),
        _list_hygiene(report),
        _list_worst(report),
    ]
    return [section for section in sections if section.rows]


def list_head(report: Mapping[str, Any]) -> Section:
    """The figures to know first: of all listings, and of each level of confidence."""
    rows = [("all", *_show_columns(report["overall"]))] if report["overall"] else []
    for item in report["segments"].get("confidence", []):
        rows.append((f"{item['name']} confidence", *_show_columns(item)))
    return Section("Overall", "", ("", *COLUMNS), rows)


def _show_columns(item: Mapping[str, Any]) -> list[str]:
    return [show(item) for show in COLUMNS.values()]


def _list_overall(report: Mapping[str, Any]) -> Section:
    overall = report["overall"]
    shown = OVERALL.values() if overall else ()
    rows = [(name.format(currency=report["currency"]), show(overall)) for name, show in shown]
    return Section("Overall", "", ("", "all"), rows)


def _list_kinds(report: Mapping[str, Any]) -> Iterator[Section]:
    for kind, items in report["segments"].items():
        title, about = _KIND_TITLES[kind]
        more = ("said",) if kind == "confidence" else ()
        rows = [
            (item["name"], *_show_columns(item), *(show_share(item["said_within_10"]) for _ in more))
            for item in items
        ]
        head = (KIND_NAMES[kind], *COLUMNS, *more)
        yield Section(title, about.format(currency=report["currency"]), head, rows)


def list_ageing(report: Mapping[str, Any]) -> Section:
    """What the error will be in days to come, beside what came where such listings were judged."""
    came = {item["name"]: item for item in report["segments"].get("days", [])}
    rows = [(*_show_forecast(item), *_show_came(came.get(item["days"]))) for item in report["ageing"]]
    about = "Of prices so many days after the last one learnt from; nine median ratios in ten lie in the interval."
    head = ("days", "median error", "median ratio", "", "error that came", "ratio that came")
    return Section("Ageing", about, head, rows)


def _show_forecast(item: Mapping[str, Any]) -> tuple[str, ...]:
    interval = f"{show_ratio(item['low_ratio'])}-{show_ratio(item['high_ratio'])}"
    return item["days"], show_share(item["median_ape"]), interval, "seen" if item["seen"] else "expected"


def _show_came(item: Mapping[str, Any] | None) -> tuple[str, ...]:
    return (show_share(item["median_ape"]), show_interval(item)) if item else (NONE, NONE)


def _list_left_out(report: Mapping[str, Any]) -> Section:
    rows = [
        (
            item["name"],
            show_amount(item["rows"]),
            *(show_share(item[key]) for key in ("median_ape", "coverage", "width")),
        )
        for item in report["left_out"]
    ]
    about = "The same listings without these fields."
    return Section("Left out", about, ("left out", "listings", "median error", "coverage", "width"), rows)


def _list_sense(report: Mapping[str, Any]) -> Section:
    names = {"mileage": "more distance is dearer", "year": "a newer year is cheaper"}
    rows = [
        (
            names[role],
            show_amount(item["cars"]),
            show_amount(item["steps"]),
            show_share(item["wrong"]),
            show_share(item["largest"]),
        )
        for role, item in report["sense"].items()
    ]
    about = "All else equal, over a grid; each should be 0."
    return Section("Sense", about, ("", "cars", "steps", "of the steps", "by at most"), rows)


def _list_unvalued(report: Mapping[str, Any]) -> Section:
    found = report["unvalued"]
    rows = [(reason, show_amount(count)) for reason, count in found["reasons"].items()]
    about = f"{found['rows']:,} of {report['rows']:,} listings have no price."
    return Section("Not valued", about, ("reason", "listings"), rows)


def _list_hygiene(report: Mapping[str, Any]) -> Section:
    rows = [
        (
            f"{item['column']}: {item['reason']}".removeprefix(": "),
            item["action"],
            show_amount(item["count"]),
            show_share(item["share"]),
            item["otherwise"],
        )
        for item in sorted(report.get("hygiene", ()), key=lambda item: -item["count"])
    ]
    about = "Listings that are no usual car on offer, of all that were read; those marked were learnt from."
    return Section("Hygiene", about, ("finding", "action", "listings", "share", "otherwise"), rows)


def _list_worst(report: Mapping[str, Any]) -> Section:
    rows = [
        (
            _show_listing(item["listing"].values()),
            *(show_amount(item[key]) for key in ("actual", "predicted", "low", "high")),
            show_ratio(item["ratio"]),
        )
        for item in report["worst"]
    ]
    about = f"Farthest off by ratio, in {report['currency']}. Look here for odd listings first."
    return Section("Worst misses", about, ("listing", "actual", "predicted", "low", "high", "ratio"), rows)


def _show_listing(values: Sequence[Any]) -> str:
    return ", ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in values)
