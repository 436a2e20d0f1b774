"""What is no usual car on offer: found by its words, its kind and its likes; dropped, marked or kept as asked."""

# words of other alphabets have letters that look like Latin ones

import random
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from carprice.errors import MarketError
from carprice.listings.cleaning import Listings, load_listings
from carprice.listings.report import CleaningReport
from carprice.market.hygiene import Hygiene
from carprice.market.market_file import Market, load_market, parse_market

Make = Callable[..., Market]
Write = Callable[..., Path]

FIELDS = (
    '[features.model]\ncolumn = "Model"\nkind = "category"\n'
    '[features.mileage]\ncolumn = "Km"\nkind = "number"\nmin = 0\nmax = 2000000\n'
)
HEAD = "Make,Model,Year,Km,Price,Title,State,VIN,Day\n"
NEWEST = 2020
MODELS = {"Fiesta": 9_000, "Focus": 14_000, "Mondeo": 21_000, "Kuga": 27_000}


def invent_rows(count: int = 900, seed: int = 5) -> list[dict[str, object]]:
    """Cars whose price and distance follow from model and year, with scatter."""
    chance = random.Random(seed)
    rows: list[dict[str, object]] = []
    for number in range(count):
        model, age = chance.choice(list(MODELS)), chance.randint(0, 14)
        price = MODELS[model] * 0.88**age * chance.lognormvariate(0, 0.07)
        way = (age + 0.6) * 13_000 * chance.lognormvariate(0, 0.25)
        rows.append(
            {"Make": "Ford", "Model": model, "Year": NEWEST - age, "Km": round(way), "Price": round(price)}
            | {"Title": f"Ford {model}", "State": "Used", "VIN": f"V{number}", "Day": "2020-06-01"}
        )
    return rows


@pytest.fixture
def load(make_market: Make, write_file: Write) -> Callable[..., Listings]:
    """Load rows as a market with these tables and this hygiene."""

    def load(rows: list[dict[str, object]], more: str = "", **acts: str) -> Listings:
        text = HEAD + "".join(",".join(str(row[name]) for name in HEAD.strip().split(",")) + "\n" for row in rows)
        market = make_market(FIELDS + more)
        market = replace(market, price=replace(market.price, min=300), hygiene=Hygiene(**acts))
        return load_listings(write_file(text), market)

    return load


def old_rows(rows: list[dict[str, object]], count: int) -> list[dict[str, object]]:
    """Some of the rows: cars of four to ten years, which have a usual distance."""
    return [row for row in rows if NEWEST - 10 <= int(str(row["Year"])) <= NEWEST - 4][:count]


def found(report: CleaningReport, reason: str) -> int:
    """How many were found for that reason, and that every row is counted once."""
    assert report.rows_read == report.rows_kept + sum(report.dropped.values())
    return {**report.dropped, **report.marked}.get(reason, 0)


def test_invented_cars_are_as_usual(load: Callable[..., Listings]) -> None:
    report = load(invent_rows()).report
    assert sum(report.dropped.values()) <= 3
    assert sum(report.marked.values()) <= 3


ON_REQUEST = (
    "Negotiable",
    "POA",
    "P.O.A.",
    "Call",
    "Ask for price",
    "Please call for price!",
    "Price on request",
    "auf Anfrage",
    "Preis auf Anfrage",
    "VB",
    "по договоренности",
    "договорная",
    "要相談",
    "応談",
    "ASK",
    "面議",
    "a consultar",
    "Prix sur demande",
    "su richiesta",
)
NO_PRICE = ("cheap", "unknown", "?", "five thousand")


def test_a_price_on_request_is_not_an_unreadable_one(load: Callable[..., Listings]) -> None:
    rows = invent_rows(200)
    for row, text in zip(rows, (*ON_REQUEST, *NO_PRICE), strict=False):
        row["Price"] = text
    report = load(rows).report
    assert report.dropped["price on request"] == len(ON_REQUEST)
    assert report.dropped["unreadable number"] == len(NO_PRICE)
    entry = report.entries[0]
    assert (entry.column, entry.line, entry.value) == ("Price", 2, "Negotiable")
    assert entry.otherwise == '[hygiene] price_on_request = "keep"'
    kept = load(rows, price_on_request="keep").report
    assert kept.dropped["unreadable number"] == len(ON_REQUEST) + len(NO_PRICE)


def test_a_file_of_prices_on_request_is_no_file_of_another_column(load: Callable[..., Listings]) -> None:
    rows = invent_rows(30)
    for row in rows[:20]:
        row["Price"] = "Negotiable"
    assert load(rows).report.dropped == {"price on request": 20}


def test_a_column_may_say_that_there_is_no_price(make_market: Make, write_file: Write) -> None:
    path = write_file("Make,Year,Price,Negotiable\nFord,2015,0,True\nFord,2016,0,False\nFord,2017,7000,True\n")
    assert load_listings(path, make_market()).report.dropped == {"price on request": 1, "price outside limits": 1}


TEXTS = [
    ("Price", ("299/month", "£299 p.m.", "mtl. 199", "199 € monatlich", "15000 руб/мес"), "monthly rate"),
    ("Price", ("500 deposit", "Anzahlung 999", "взнос 5000"), "deposit"),
    ("Price", ("9000 + VAT", "9900 € netto", "12000 ex VAT"), "price without VAT"),
    ("Title", ("Wanted: Ford Focus", "Suche Ford Fiesta", "Куплю Форд", "WTB Focus"), "wanted ad"),
    (
        "Title",
        ("Set of 4 alloy wheels", "Breaking Ford Focus", "Winterräder Ford", "Engine for Focus"),
        "parts, not a car",
    ),
    ("State", ("NEW", "Brand new", "Neuwagen", "новый", "新車"), "new car"),
    ("State", ("DEMO", "Demonstrator", "Vorführwagen", "ex-demo"), "demonstrator"),
    (
        "State",
        ("Motorcycle", "Motorbikes & Scooters", "LKW", "camión", "грузовой", "Trailers", "Wohnmobil", "xe tải"),
        "no car but a motorcycle, lorry or the like",
    ),
    ("Make", ("Kawasaki", "SCANIA", "Harley-Davidson"), "no car but a motorcycle, lorry or the like"),
    ("State", ("Salvage", "Crashed", "Unfallwagen", "битый", "for parts", "Cat S"), "salvage or damaged"),
]


@pytest.mark.parametrize(("column", "texts", "reason"), TEXTS, ids=[reason for _, _, reason in TEXTS])
def test_words(column: str, texts: tuple[str, ...], reason: str, load: Callable[..., Listings]) -> None:
    rows = invent_rows(100)
    for row, text in zip(rows, texts, strict=False):
        row[column] = text
    assert found(load(rows).report, reason) == len(texts)


@pytest.mark.parametrize(
    "features",
    [
        '[features.year]\ncolumn = "Year"\nkind = "year"\nmin = 1950\nmax = 2030\n',
        '[features.mileage]\ncolumn = "Km"\nkind = "number"\nmin = 0\nmax = 2000000\n',
        '[features.title]\ncolumn = "Title"\nkind = "text"\n',
    ],
)
def test_a_market_of_numbers_or_of_a_text_alone(features: str, write_file: Write) -> None:
    table = 'name = "cars"\ntitle = "Cars"\ncurrency = "EUR"\ndistance_unit = "km"\n'
    price = '[price]\ncolumn = "Price"\nmin = 300\nmax = 90000\n'
    market = parse_market(tomllib.loads(f"{table}{price}{features}"), "it")
    rows = invent_rows(500)
    text = "Title,Year,Km,Price\n" + "".join(
        f"{row['Title']} {number},{row['Year']},{row['Km']},{row['Price']}\n" for number, row in enumerate(rows)
    )
    report = load_listings(write_file(text), market).report
    duplicates = report.dropped.get("duplicate", 0)
    assert report.rows_kept > 480 - duplicates


def test_words_of_whole_cars_find_nothing(load: Callable[..., Listings]) -> None:
    rows = invent_rows(400)
    titles = (
        "4 wheel drive",
        "with alloy wheels and winter tyres",
        "no accidents",
        "New Fiesta shape",
        "monthly serviced",
        "1.1i Cat S",
        "a nice car: nett",
        "photo https://images.example.net/a.jpg",
        "photo images.example.net/b",
    )
    for row, title in zip(rows, titles, strict=False):
        row["Title"] = f"Ford {title}"
    states = (
        "accident free",
        "unfallfrei",
        "not damaged",
        "без ДТП",
        "undamaged",
        "nunca chocado",
        "не требует ремонта",
    )
    for row, state in zip(rows, states, strict=False):
        row["State"] = state
    report = load(rows).report
    for reason in (
        "parts, not a car",
        "salvage or damaged",
        "new car",
        "monthly rate",
        "wanted ad",
        "price without VAT",
        "no car but a motorcycle, lorry or the like",
    ):
        assert found(report, reason) == 0, reason


def test_the_name_of_a_seller_says_nothing_of_the_car(make_market: Make, write_file: Write) -> None:
    lines = [f"Ford,{2010 + number % 9},{5_000 + number},Pneus Service" for number in range(20)]
    path = write_file("\n".join(["Make,Year,Price,Seller Name", *lines]))
    assert load_listings(path, make_market()).report.rows_kept == 20


def test_a_slip_in_one_of_two_features_of_a_column_is_shown(load: Callable[..., Listings]) -> None:
    rows = invent_rows()
    for row in old_rows(rows, 12):
        row["Km"] = 999999
    second = (
        '[features.far]\ncolumn = "Km"\nkind = "category"\noptional = true\npattern = "(9+)$"\n'
        'outside = "missing"\n'
    )
    [entry] = [entry for entry in load(rows, second).report.entries if entry.reason == "placeholder distance"]
    assert (entry.column, entry.value) == ("Km", "999999")


def test_a_word_counts_with_a_price_far_below_the_usual(load: Callable[..., Listings]) -> None:
    rows = invent_rows()
    chosen = old_rows(rows, 8)
    for row in chosen:
        row["Title"] = "Ford leasing from"
    for row in chosen[:4]:
        row["Price"] = 310 if int(str(row["Price"])) > 310 * 15 else int(str(row["Price"])) // 16
    report = load(rows).report
    assert 1 <= report.dropped["monthly rate"] <= 4


SLIPS = [
    ("Price", lambda row: int(str(row["Price"])) * 1000, ("price 1,000 times too high",)),
    ("Price", lambda row: int(str(row["Price"])) * 100, ("price 100 times too high",)),
    ("Price", lambda row: int(str(row["Price"])) * 10, ("price 10 times too high",)),
    ("Price", lambda row: int(str(row["Price"])) // 10, ("price 10 times too low",)),
    ("Price", lambda _: 123456, ("placeholder price",)),
    ("Price", lambda row: row["Km"], ("price is the distance",)),
    ("Price", lambda row: row["Year"], ("price is the year",)),
    ("Km", lambda row: int(str(row["Km"])) * 10, ("distance 10 times too far",)),
    ("Km", lambda row: int(str(row["Km"])) // 1000, ("distance in thousands", "placeholder distance")),
    ("Km", lambda _: 999999, ("placeholder distance",)),
    ("Km", lambda row: row["Year"], ("distance is the year",)),
    ("Km", lambda _: 2012, ("distance is a year", "distance is the year")),
    ("Km", lambda _: 0, ("distance near zero",)),
]


@pytest.mark.parametrize(("column", "write", "reasons"), SLIPS, ids=[reasons[0] for _, _, reasons in SLIPS])
def test_slips(
    column: str,
    write: Callable[[dict[str, object]], object],
    reasons: tuple[str, ...],
    load: Callable[..., Listings],
) -> None:
    rows = invent_rows()
    chosen = old_rows(rows, 12)
    for row in chosen:
        row[column] = write(row)
    report = load(rows).report
    assert sum(found(report, reason) for reason in reasons) >= 0.9 * len(chosen)
    assert report.rows_kept >= len(rows) - len(chosen) - 4


def test_a_distance_in_the_column_of_the_year(load: Callable[..., Listings]) -> None:
    rows = invent_rows(50)
    rows[0]["Year"], rows[0]["Km"] = rows[0]["Km"], rows[0]["Year"]
    report = load(rows).report
    assert report.dropped == {"year is a distance": 1}
    assert load(rows, shifted="keep").report.dropped == {"value outside limits": 1}


def test_a_year_in_the_column_of_the_price(load: Callable[..., Listings]) -> None:
    """Of rows whose cells are one column off; a year of a right year is a price that cars have."""
    rows = invent_rows(50)
    for row in rows[:3]:
        row["Price"], row["Year"], row["Km"] = row["Year"], row["Km"], 7
    rows[3]["Price"], rows[4]["Year"] = 2012, 1800
    assert load(rows).report.dropped == {"price is a year": 3, "value outside limits": 1}
    assert load(rows, shifted="keep").report.dropped == {"value outside limits": 4}


def test_makes_and_models_that_changed_places(load: Callable[..., Listings]) -> None:
    rows = invent_rows(60)
    for row in rows[:4]:
        row["Make"], row["Model"] = row["Model"], row["Make"]
    rows[4]["Make"] = rows[4]["Model"]
    assert load(rows).report.dropped == {"make and model are swapped": 4}
    assert load(rows, shifted="mark").report.marked == {"make and model are swapped": 4}


def test_a_usual_price_of_nines_stays(load: Callable[..., Listings]) -> None:
    rows = invent_rows()
    near = [row for row in rows if 9_000 < int(str(row["Price"])) < 11_000]
    for row in near:
        row["Price"] = 9_999
    assert found(load(rows).report, "placeholder price") == 0


def test_few_listings_are_not_judged_by_each_other(load: Callable[..., Listings]) -> None:
    rows = invent_rows(100)
    rows[0]["Price"] = 99_000
    assert load(rows).report.rows_kept == 100


AGAIN = {"VIN": "A1", "Day": "2020-06-09"}
BY_ID = '[listing]\nid = "VIN"\n'
BY_DAY = f'{BY_ID}seen = "Day"\n'


def test_the_newest_listing_of_a_car_counts(load: Callable[..., Listings]) -> None:
    rows = invent_rows(60)
    rows[3] |= {"VIN": "A1", "Day": "2020-06-30", "Price": 8_001}
    rows[9] |= {"VIN": "A1", "Day": "2020-05-01", "Price": 8_500}
    by_day, by_place, paid = load(rows, BY_DAY), load(rows, BY_ID), load(rows, BY_DAY + 'price_type = "paid"\n')
    for listings, kept in ((by_day, 8_001), (by_place, 8_500)):
        assert listings.report.dropped == {"listed again": 1}
        assert kept in listings.frame["price"].to_list()
        assert 16_501 - kept not in listings.frame["price"].to_list()
    assert paid.report.dropped == {}, "a car that is sold twice is two sales"


def test_a_car_listed_again_without_an_id(load: Callable[..., Listings]) -> None:
    rows = invent_rows()
    chosen = old_rows(rows, 12)
    again = [row | {"Km": int(str(row["Km"])) + 2, "Price": int(str(row["Price"])) - 95} for row in chosen]
    report = load([*rows, *again]).report
    assert report.dropped["listed again"] >= 8
    entry = next(entry for entry in report.entries if entry.reason == "listed again")
    assert entry.line < len(rows)


def test_what_is_marked_can_be_dropped_and_what_is_dropped_kept(load: Callable[..., Listings]) -> None:
    rows = invent_rows(100)
    rows[0]["State"], rows[1]["Title"] = "NEW", "Wanted: Ford"
    report = load(rows).report
    assert (report.dropped, report.marked) == ({"wanted ad": 1}, {"new car": 1})
    assert [entry["otherwise"] for entry in report.hygiene()] == [
        '[hygiene] wanted = "keep"',
        '[hygiene] new = "drop"',
    ]
    assert report.head() == [
        'Dropped 1 (1.0%): Title: wanted ad; otherwise: [hygiene] wanted = "keep"',
        'Marked 1 (1.0%): State: new car; otherwise: [hygiene] new = "drop"',
    ]
    other = load(rows, wanted="keep", new="drop").report
    assert (other.dropped, other.marked) == ({"new car": 1}, {})


def test_the_head_tells_what_drops_many_rows(load: Callable[..., Listings]) -> None:
    rows = invent_rows(100)
    again = [dict(rows[place]) for place in range(10)]
    assert load([*rows, *again]).report.head() == ["Dropped 10 (9.1%): duplicate"]
    assert load([*rows, *rows[:1]]).report.head() == [], "one in a hundred and one"


def test_a_row_has_one_reason(load: Callable[..., Listings]) -> None:
    rows = invent_rows(100)
    rows[0] |= {"State": "NEW", "Title": "Wanted: set of 4 alloy wheels", "Price": "POA"}
    assert load(rows, new="drop").report.dropped == {"price on request": 1}


BAD_TABLES = {
    'nev = "drop"': "cars.toml: hygiene: 'nev' is not a key here",
    'new = "ignore"': "cars.toml: hygiene.new: should be one of drop, mark, keep (got 'ignore')",
    'price_on_request = "mark"': "cars.toml: hygiene.price_on_request: should be one of drop, keep (got 'mark')",
}


@pytest.mark.parametrize("table", BAD_TABLES)
def test_hygiene_is_checked_as_every_table(table: str, make_market: Make) -> None:
    with pytest.raises(MarketError) as error:
        make_market(f"[hygiene]\n{table}\n")
    assert error.value.what == BAD_TABLES[table]


def test_the_same_file_gives_the_same_findings(load: Callable[..., Listings]) -> None:
    rows = invent_rows()
    for row in old_rows(rows, 30):
        row["Price"] = int(str(row["Price"])) * 10
    first, second = load(rows), load(rows)
    assert first.report.as_dict() == second.report.as_dict()
    assert first.fingerprint == second.fingerprint


@pytest.mark.listings
@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("saudi", {"price on request": 2281}),
        ("australia", {"price on request": 45, "new car": 1042, "demonstrator": 444}),
    ],
)
def test_real_listings(name: str, counts: dict[str, int], listings_dir: Path, root: Path) -> None:
    market = load_market(str(root / "benchmarks" / "markets" / f"{name}.toml"), root / "markets")
    report = load_listings(listings_dir / f"{name}.csv.gz", market).report
    assert {reason: found(report, reason) for reason in counts} == counts
    assert report.rows_kept > 0.95 * (report.rows_read - counts["price on request"]) - 1_200
