"""Which columns of an unknown file say what a row is: the car, the day, the link; and what its prices are."""

from collections.abc import Callable, Sequence

import polars as pl

from carprice.drafting.columns.names import split_words, squash_name
from carprice.drafting.columns.numbers import map_texts
from carprice.drafting.columns.profile import URL, Profile
from carprice.listings.parsing import parse_day
from carprice.market.days import read_day
from carprice.market.kinds import EPOCH

ID, SEEN, LINK = "id", "seen", "link"
REASONS = {
    ID: "it names the car, which [listing] says",
    SEEN: "it is the day of the listing, which [listing] says; no model knows days to come",
    LINK: "it leads to the listing, which [listing] says",
}
"""Why each of these columns is no feature."""

VIN = r"^(?i)[A-HJ-NPR-Z0-9]{17}$"
"""A vehicle identification number: ISO 3779, without I, O and Q."""
CAR_NAMES = {"vin", "vinnumber", "chassisnumber", "carid", "vehicleid", "vehicle", "car", "fin"}
DAY_WORDS = tuple(
    "sale saledate sold solddate listed datelisted listing posted dateposted posting published publicdate public "  # noqa: SIM905
    "publication advertised advert addate offered created datecreated "
    "createdate creation seen lastseen crawled datecrawled "
    "ilantarihi inserat crawl scraped scrape parsed parsedat updated lastupdated updatedat modified".split()
)
"""Words of the day of a listing or sale, the surest first; when a page was read, or changed, comes last."""
PLAIN_DAY_NAMES = {"date", "datum", "fecha", "data", "dato", "дата", "تاريخ"}
"""Names that say no more than that, after those: the day of a listing where it is not in the car's own year, as a
registration is."""
MAX_SAME_YEAR = 0.5
MIN_DAYS = 2
"""A file that was read on one day has no days of listings."""
PICTURE_WORDS = {"image", "images", "photo", "photos", "picture", "pictures", "img", "thumbnail", "logo"}
SOLD_WORDS = {"sold", "paid", "hammer", "saleprice", "saledate", "solddate", "soldprice", "transaction"}
MIN_SHARE = 0.9
"""Of the known texts, so many must be of the kind."""
MIN_CARS = 0.5
"""Distinct ids, or links, per row: cars are sold again, but not that often."""
MIN_LATE = 0.98
"""The share of days that must not be before the car's year."""

Roles = dict[str, Profile]


def find_listing_columns(profiles: Sequence[Profile], roles: Roles) -> Roles:
    """The columns of listing.id, seen and link that were found, none of them one with a role."""
    free = [profile for profile in profiles if profile.known and profile not in roles.values()]
    found: Roles = {}
    for key, is_such in _FIND.items():
        match = min((profile for profile in free if is_such(profile, roles)), key=_rank_day, default=None)
        if match:
            found[key] = match
            free.remove(match)
    return found


def guess_price_type(price_column: str, listing: Roles) -> str:
    """`paid` where the price, or the day, is by its name one of a sale; else `asking`."""
    names = [price_column, *([listing[SEEN].column] if SEEN in listing else [])]
    words = {word for name in names for word in (*split_words(name), squash_name(name))}
    is_sale = [*split_words(price_column)][:2] == ["sale", "price"] or {"sale", "date"} <= words
    return "paid" if words & SOLD_WORDS or is_sale else "asking"


def _is_car(profile: Profile, _: Roles) -> bool:
    """VINs, or one word per car in a column that is called after it.

    The number of a listing is none: a car that is offered again has another.
    """
    texts = profile.texts.drop_nulls()
    is_vin = bool(texts.str.contains(VIN).mean() >= MIN_SHARE) and bool(texts.str.contains("[0-9]").all())  # type: ignore[operator]
    is_named = squash_name(profile.column) in CAR_NAMES and not texts.str.contains(r"\s").any()
    return (is_vin or is_named) and profile.distinct_rate >= MIN_CARS


def _is_day(profile: Profile, roles: Roles) -> bool:
    """Dates that are called after an offer or a sale, none from before the car was built."""
    words = {*split_words(profile.column), squash_name(profile.column)}
    is_plain = squash_name(profile.column) in PLAIN_DAY_NAMES
    if not profile.is_date or not (is_plain or words & {*DAY_WORDS}):
        return False
    if map_texts(profile.texts, lambda text: read_day(text, profile.day_first)).n_unique() < MIN_DAYS:
        return False
    if "year" not in roles:
        return not is_plain
    both = pl.DataFrame({"day": profile.texts, "year": roles["year"].years}).drop_nulls()
    days = both.select(parse_day(pl.col("day"), profile.day_first)).to_series()
    years = both["year"]
    day_years = EPOCH.year + days / 365.25
    if is_plain and float((day_years.floor() == years).mean() or 0.0) > MAX_SAME_YEAR:  # type: ignore[arg-type]
        return False
    return float((day_years >= years - 1).mean() or 0.0) >= MIN_LATE  # type: ignore[arg-type]


def _rank_day(profile: Profile) -> int:
    words = {*split_words(profile.column), squash_name(profile.column)}
    return min((rank for rank, word in enumerate(DAY_WORDS) if word in words), default=len(DAY_WORDS))


def _is_link(profile: Profile, _: Roles) -> bool:
    is_picture = bool({*split_words(profile.column)} & PICTURE_WORDS)
    if is_picture or profile.distinct_rate < MIN_CARS:
        return False
    return float(profile.texts.drop_nulls().str.contains(URL).mean() or 0.0) >= MIN_SHARE  # type: ignore[arg-type]


_FIND: dict[str, Callable[[Profile, Roles], bool]] = {ID: _is_car, SEEN: _is_day, LINK: _is_link}
