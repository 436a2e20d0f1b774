"""Which column of an unknown file is the price, the make, the model and so on: by name, then by content."""

import re
import unicodedata
from collections.abc import Callable, Sequence

import polars as pl

from carprice.drafting.profile import Profile

PRICE = "price"
MIN_PRICE_CORRELATION = 0.97
"""A number with a rank correlation of this or more with the price is another form of the price."""

# Column names, squashed to a-z and 0-9, the surest first; a name may also hold one of them as a word.
NAMES: dict[str, tuple[str, ...]] = {
    PRICE: (
        *("price", "askingprice", "sellingprice", "saleprice", "listprice", "carprice", "pricegbp", "priceusd"),
        *("priceeur", "amount", "cost", "preis", "verkaufspreis", "prix", "precio", "prezzo", "preco"),
    ),
    "make": ("make", "manufacturer", "brand", "maker", "carmake", "marque", "marke", "hersteller", "marca"),
    "model": ("model", "modelname", "carmodel", "modell", "modele", "modelo", "modello", "carname", "name"),
    "year": (
        *("year", "prodyear", "productionyear", "modelyear", "yearofregistration", "registrationyear", "regyear"),
        *("yearofmanufacture", "manufactureyear", "firstregistration", "registrationdate", "baujahr"),
        *("erstzulassung", "annee", "ano", "anno", "jahr"),
    ),
    "mileage": (
        *("kmdriven", "kmsdriven", "kilometersdriven", "kilometresdriven", "mileage", "odometer", "milage"),
        *("odo", "km", "kms", "kilometers", "kilometres", "kilometer", "miles", "kilometerstand"),
        *("laufleistung", "kilometrage", "kilometraje", "chilometraggio"),
    ),
    "fuel": ("fuel", "fueltype", "kraftstoff", "kraftstoffart", "carburant", "combustible", "carburante"),
    "transmission": ("transmission", "gearbox", "gearboxtype", "gear", "transmissiontype", "getriebe", "boite"),
    "engine_size": (
        *("enginesize", "enginevolume", "enginecapacity", "displacement", "enginedisplacement", "engine"),
        *("enginecc", "cc", "hubraum", "cylindree"),
    ),
    "body": ("body", "bodytype", "bodystyle", "category", "vehicletype", "cartype", "karosserie", "carrosserie"),
    "power": ("power", "horsepower", "hp", "bhp", "enginepower", "maxpower", "kw", "ps", "leistung", "puissance"),
    "drive": ("drive", "drivewheels", "drivetrain", "wheeldrive", "drivetype", "antrieb"),
    "color": ("color", "colour", "exteriorcolor", "exteriorcolour", "paint", "farbe", "couleur"),
    "doors": ("doors", "numberofdoors", "doorcount", "numdoors", "turen", "portes"),
    "seats": ("seats", "numberofseats", "seatcount", "sitze"),
}
NUMBERS = (PRICE, "mileage", "engine_size", "power")
TEXTS = ("make", "model")

MAKES = frozenset(
    "acura audi bmw buick cadillac chevrolet chrysler citroen cupra dacia daewoo daihatsu dodge fiat ford gmc "  # noqa: SIM905
    "honda hyundai infiniti isuzu jaguar jeep kia lada lancia lexus mahindra maruti mazda mercedes mini nissan "
    "mitsubishi opel peugeot porsche renault rover saab seat skoda smart ssangyong subaru suzuki tata tesla "
    "toyota vauxhall volkswagen volvo vw".split()
)
MIN_YEAR_SHARE, MIN_MAKE_SHARE = 0.9, 0.5
_SAMPLE_ROWS = 20_000
_NO_MATCH = 1_000


def squash_name(column: str) -> str:
    """A column's name in a-z and 0-9 alone: 'Prod. year' is 'prodyear'."""
    plain = unicodedata.normalize("NFKD", column.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]", "", plain)


def split_words(column: str) -> list[str]:
    """The words of a column's name: 'fuelType' and 'Fuel type' are ['fuel', 'type']."""
    spaced = re.sub(r"([a-z])([A-Z])", r"\1 \2", column)
    plain = unicodedata.normalize("NFKD", spaced.casefold()).encode("ascii", "ignore").decode()
    return re.findall(r"[a-z]+|[0-9]+", plain)


def find_roles(profiles: Sequence[Profile]) -> dict[str, Profile]:
    """The column of each role that was found, each column once: by name, then by what it holds."""
    roles: dict[str, Profile] = {}
    for match in (_exact_rank, _word_rank):
        for role in NAMES:
            free = [profile for profile in profiles if profile not in roles.values() and _fits(profile, role)]
            ranked = sorted((match(profile.column, role), index) for index, profile in enumerate(free))
            if role not in roles and ranked and ranked[0][0] < _NO_MATCH:
                roles[role] = free[ranked[0][1]]
    for role, find in _BY_CONTENT.items():
        free = [profile for profile in profiles if profile not in roles.values()]
        if role not in roles and (found := find(free, roles)):
            roles[role] = found
    return roles


def rank_correlation(left: pl.Series, right: pl.Series) -> float:
    """Spearman's, over the rows that have both; 0 where there is none."""
    both = pl.DataFrame({"left": left, "right": right}).head(_SAMPLE_ROWS).drop_nulls()
    if both.height < 10:
        return 0.0
    found = both.select(pl.corr("left", "right", method="spearman")).item()
    return float(found) if found is not None and found == found else 0.0


def _exact_rank(column: str, role: str) -> int:
    squashed = squash_name(column)
    return NAMES[role].index(squashed) if squashed in NAMES[role] else _NO_MATCH


def _word_rank(column: str, role: str) -> int:
    words = split_words(column)
    return min((rank for rank, name in enumerate(NAMES[role]) if name in words), default=_NO_MATCH)


def _fits(profile: Profile, role: str) -> bool:
    if not profile.known:
        return False
    if role in NUMBERS:
        return profile.numbers is not None
    if role == "year":
        return _year_share(profile) > MIN_YEAR_SHARE
    return role not in TEXTS or not profile.is_date


def _year_share(profile: Profile) -> float:
    years = profile.texts.drop_nulls().str.extract(r"\b((?:19|20)[0-9]{2})\b", 1)
    return 1 - years.null_count() / max(years.len(), 1)


def _find_make(free: Sequence[Profile], _: dict[str, Profile]) -> Profile | None:
    def share(profile: Profile) -> float:
        first = profile.texts.drop_nulls().str.to_lowercase().str.extract(r"^([a-z]+)", 1)
        return float(first.is_in(MAKES).mean() or 0.0)  # type: ignore[arg-type]

    texts = [profile for profile in free if profile.known and profile.numbers is None]
    best = max(texts, key=share, default=None)
    return best if best and share(best) > MIN_MAKE_SHARE else None


def _find_model(free: Sequence[Profile], roles: dict[str, Profile]) -> Profile | None:
    """The text column with the most values among those whose values each belong to one make."""
    if "make" not in roles:
        return None
    make = roles["make"]

    def implies_make(profile: Profile) -> bool:
        pairs = pl.DataFrame({"text": profile.texts, "make": make.texts}).drop_nulls()
        return pairs.n_unique() < 1.1 * profile.distinct

    texts = [
        profile
        for profile in free
        if profile.numbers is None and profile.distinct > make.distinct and profile.distinct_rate < 0.5
    ]
    return max(filter(implies_make, texts), key=lambda profile: profile.distinct, default=None)


def _find_year(free: Sequence[Profile], _: dict[str, Profile]) -> Profile | None:
    def is_year(profile: Profile) -> bool:
        if profile.numbers is None or profile.numbers.pattern:
            return False
        low, high = profile.numbers.quantile(0.01), profile.numbers.quantile(0.99)
        return 1900 < low < high < 2100 and profile.distinct <= 120

    return next(filter(is_year, free), None)


def _find_mileage(free: Sequence[Profile], roles: dict[str, Profile]) -> Profile | None:
    return _find_by_year(free, roles, -1.0, (1_000.0, 500_000.0))


def _find_price(free: Sequence[Profile], roles: dict[str, Profile]) -> Profile | None:
    return _find_by_year(free, roles, 1.0, (300.0, 1e9))


def _find_by_year(
    free: Sequence[Profile], roles: dict[str, Profile], sign: float, medians: tuple[float, float]
) -> Profile | None:
    """The number most correlated with the year, in the direction of sign, whose median is within medians."""
    years = roles["year"].numbers if "year" in roles else None
    if years is None:
        return None
    scores = {
        index: sign * rank_correlation(profile.numbers.values, years.values)
        for index, profile in enumerate(free)
        if profile.numbers is not None and medians[0] <= profile.numbers.quantile(0.5) <= medians[1]
    }
    best = max(scores, key=lambda index: scores[index], default=None)
    return free[best] if best is not None and scores[best] > 0.2 else None


_BY_CONTENT: dict[str, Callable[[Sequence[Profile], dict[str, Profile]], Profile | None]] = {
    "make": _find_make,
    "model": _find_model,
    "year": _find_year,
    "mileage": _find_mileage,
    PRICE: _find_price,
}
