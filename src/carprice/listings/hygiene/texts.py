"""What the texts of a row say of the listing, besides its features: flags of each row, and examples to show."""

import re
from dataclasses import dataclass, field

import polars as pl

from carprice.listings.hygiene import car_words, price_words, vehicle_words
from carprice.listings.hygiene.patterns import YES
from carprice.market.market_file import Market

SAID = (
    *("monthly_rate", "deposit", "without_vat", "parts", "wanted"),
    *("new", "demonstrator", "salvage", "other_vehicle"),
)
"""Checks that a text alone decides, in the order of their bits."""
HINTED = ("monthly_rate", "deposit", "parts")
"""Checks that a text decides together with a price far below the usual; their bits come after those of SAID."""
FLAGS = pl.UInt16
PRICE_REASONS = {
    "price_on_request": "price on request",
    "monthly_rate": "monthly rate",
    "deposit": "deposit",
    "without_vat": "price without VAT",
}
"""The reason of each check that the text of a price decides."""
LINK = r"(?:https?:|www\.)\S+|\S+\.(?:com|net|org|jpe?g|png|webp)\b\S*"
"""The words of an address are not the seller's."""
MAX_TITLE = 120
"""Characters: longer texts describe a whole car with words of all kinds."""
MAX_CONDITIONS = 60
"""Different values of a column that says what condition the car is in, or what kind of vehicle it is."""
MAX_EXAMPLES = 200

_TITLES = {"without_vat": price_words.TITLE_WITHOUT_VAT, "parts": car_words.PARTS, "wanted": car_words.WANTED}
_HINTS = {"monthly_rate": price_words.MONTHLY, "deposit": price_words.DEPOSIT, "parts": car_words.PARTS_HINT}
_PRICES = {
    "price_on_request": price_words.PRICE_ON_REQUEST,
    "monthly_rate": price_words.MONTHLY,
    "deposit": price_words.DEPOSIT,
    "without_vat": price_words.WITHOUT_VAT,
}
NO_PRICE = 1.0
"""At most this stands where a price is on request."""
_CONDITIONS = {"new": car_words.NEW, "demonstrator": car_words.DEMONSTRATOR}
_SWITCHES = {
    "new": (car_words.COLUMN_NEW, r"used|second|gebraucht"),
    "demonstrator": (car_words.COLUMN_DEMONSTRATOR, r"^$"),
    "salvage": (car_words.COLUMN_SALVAGE, car_words.COLUMN_NOT_SALVAGE),
}
"""Names of columns whose yes says so, and names among them that mean something else."""


def flag_of(check: str, is_hint: bool = False) -> int:
    """The bit of a check."""
    return 1 << (len(SAID) + HINTED.index(check) if is_hint else SAID.index(check))


@dataclass
class TextReader:
    """Reads the texts of batches of one file.

    examples: of each bit some lines with the column and the text that said so, the first ones first.
    """

    market: Market
    examples: dict[int, list[tuple[int, str, str]]] = field(default_factory=dict)
    conditions: set[str] = field(default_factory=set)

    def read_flags(self, batch: pl.DataFrame, first_line: int) -> pl.Series:
        """The flags of each row, UInt16. first_line: of the batch's first row."""
        flags = pl.Series("@flags", [0], dtype=FLAGS).new_from_index(0, batch.height)
        for name in self._text_columns(batch):
            texts = batch[name].str.strip_chars()
            table = self._judge_values(name, texts.unique(maintain_order=True))
            if not table.height:
                continue
            found = texts.to_frame("text").join(table, on="text", how="left", maintain_order="left")["flags"]
            found = found.fill_null(0)
            self._keep_examples(name, texts, found, first_line)
            flags = flags | found
        return flags

    @property
    def makes(self) -> set[str]:
        """The column of makes alone, without models behind them."""
        return {item.column for item in self.market.features if item.name == "make" and not item.pattern}

    def _text_columns(self, batch: pl.DataFrame) -> list[str]:
        market = self.market
        skipped = {market.price.column, market.listing.id, market.listing.seen, market.listing.link}
        skipped |= {name for name in batch.columns if re.search(car_words.COLUMN_SELLER, _fold(name))}
        skipped |= {feature.column for feature in market.features if feature.kind in ("number", "year", "date")}
        return [name for name in batch.columns if name not in skipped and batch.schema[name] == pl.String]

    def _judge_values(self, name: str, values: pl.Series) -> pl.DataFrame:
        """The values (text) that say something, and their flags."""
        text = pl.col("text").str.to_lowercase().str.replace_all(LINK, "")
        is_title = pl.col("text").str.len_chars() <= MAX_TITLE
        said = {check: is_title & text.str.contains(pattern) for check, pattern in _TITLES.items()}
        said["salvage"] = (
            is_title & text.str.contains(car_words.SALVAGE) & ~text.str.contains(car_words.NOT_SALVAGE)
        )
        if values.len() <= MAX_CONDITIONS:
            said["other_vehicle"] = text.str.contains(vehicle_words.KIND)
        if name in self.makes:
            said["other_vehicle"] = text.str.contains(vehicle_words.MAKE)
        if self._is_condition(name, values):
            said |= {check: text.str.contains(pattern) for check, pattern in _CONDITIONS.items()}
        bits = [(flag_of(check), rows) for check, rows in said.items()]
        bits += [(flag_of(check, True), text.str.contains(pattern)) for check, pattern in _HINTS.items()]
        bits += [(flag_of(check), text.str.contains(YES)) for check in _find_switches(name)]
        flags = [pl.when(rows).then(pl.lit(bit, FLAGS)).otherwise(pl.lit(0, FLAGS)) for bit, rows in bits]
        table = values.drop_nulls().to_frame("text").lazy()
        total = flags[0]
        for each in flags[1:]:
            total = total | each
        return table.with_columns(total.alias("flags")).filter(pl.col("flags") != 0).collect()

    def _is_condition(self, name: str, values: pl.Series) -> bool:
        """Whether the column says if cars are new or used; once it does, it does in later batches too."""
        if name not in self.conditions and values.len() <= MAX_CONDITIONS:
            named = re.search(car_words.COLUMN_CONDITION, name.casefold())
            if named or values.drop_nulls().str.to_lowercase().str.contains(car_words.USED).any():
                self.conditions.add(name)
        return name in self.conditions

    def _keep_examples(self, name: str, texts: pl.Series, found: pl.Series, first_line: int) -> None:
        for number in range(len(SAID) + len(HINTED)):
            bit = 1 << number
            kept = self.examples.setdefault(bit, [])
            rows = ((found & bit) != 0).arg_true()[: MAX_EXAMPLES - len(kept)]
            kept.extend((first_line + row, name, str(texts[row])) for row in rows.to_list())


def _find_switches(name: str) -> list[str]:
    return [
        check
        for check, (pattern, other) in _SWITCHES.items()
        if re.search(pattern, _fold(name)) and not re.search(other, _fold(name))
    ]


def read_price_texts(
    batch: pl.DataFrame, price: pl.Series, problem: pl.Series, market: Market
) -> tuple[pl.Series, pl.Series]:
    """What the price column says instead of a price: the problem of each row, and its flags (UInt16).

    price: as it was read, null where it was not. problem: as cleaning has it; where the price is at fault or there
    is none, a text that says why takes its place.
    """
    raw = batch[market.price.column].cast(pl.String)
    table = raw.unique().drop_nulls().to_frame("text")
    lower = pl.col("text").str.to_lowercase()
    table = table.with_columns((lower.str.contains(pattern)).alias(check) for check, pattern in _PRICES.items())
    table = table.with_columns(pl.col("price_on_request") & ~pl.col("text").str.contains(r"\d"))
    rows = raw.to_frame("text").join(table, on="text", how="left", maintain_order="left").fill_null(False)
    if market.hygiene.price_on_request == "drop":
        is_open = is_negotiable(batch, market.price.column) & (price.is_null() | (price <= NO_PRICE))
        rows = rows.with_columns(pl.col("price_on_request") | is_open)
    is_free = problem.is_null() | problem.str.starts_with("price: ")
    flags = pl.Series([0], dtype=FLAGS).new_from_index(0, batch.height)
    for check in _PRICES:
        act = getattr(market.hygiene, check)
        said = rows[check] & is_free
        dropped = said & (price.is_null() | (act == "drop"))
        if act != "keep":
            problem = problem.set(dropped, f"price: {PRICE_REASONS[check]}")
            is_free &= ~dropped
        if check in SAID:
            flags = flags | pl.Series([flag_of(check)], dtype=FLAGS).new_from_index(0, batch.height).set(~said, 0)
    return problem, flags


def is_negotiable(batch: pl.DataFrame, skipped: str) -> pl.Series:
    """Of each row whether a column other than the skipped one says that the price is negotiable."""
    found = pl.Series([False]).new_from_index(0, batch.height)
    for name in batch.columns:
        if name != skipped and re.search(price_words.COLUMN_ON_REQUEST, _fold(name)):
            found = found | batch[name].cast(pl.String).str.to_lowercase().str.contains(YES).fill_null(False)
    return found


def _fold(name: str) -> str:
    return name.casefold().replace(" ", "_")
