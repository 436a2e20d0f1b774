"""The pricer: turns listings into valuations with a bundle, once that has priced its golden listings."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec

from carprice.errors import BundleError, ListingsError, MarketError
from carprice.market.kinds import Value
from carprice.market.market_file import Market, parse_market
from carprice.model.bundle import Bundle, read_bundle
from carprice.model.encoding import Encoder, InputWarning
from carprice.model.lightgbm_capi import Trees, release_memory
from carprice.model.listing import check_listing
from carprice.model.manifest import RETRAIN

GOLDEN_TOLERANCE = 1e-9
"""Relative. The last bit of exp may differ between machines; a larger difference is another model."""


Money = Annotated[int, msgspec.Meta(description="In whole units of the market's currency.")]


class Valuation(msgspec.Struct, frozen=True):
    """What a car is worth: the price, and the range around it."""

    price: Money
    low: Money
    high: Money
    warnings: tuple[InputWarning, ...]


class BreakdownPart(msgspec.Struct, frozen=True):
    """What one field adds to the price."""

    feature: str
    amount: Money


class Breakdown(msgspec.Struct, frozen=True):
    """The average car's price and what each field adds; they sum to the price."""

    base: Money
    parts: tuple[BreakdownPart, ...]


class Pricer:
    """Prices listings with one bundle. Safe to share between threads."""

    def __init__(self, bundle: Bundle) -> None:
        """Put the parts of a bundle together. Raises BundleError where they do not fit each other."""
        self.manifest = bundle.manifest
        self.version: str = bundle.manifest["version"]
        self.market = _read_market(bundle.manifest)
        self.encoders = bundle.encoders
        self.scaler = bundle.scaler
        self.encoder = Encoder(self.market, bundle.encoders, bundle.scaler)
        names = [feature.name for feature in self.market.features]
        _check_columns("columns", bundle.model["columns"], names)
        self.trees = Trees(bundle.model["trees"])
        _check_columns("trees", self.trees.columns, names)
        calibration = bundle.model["calibration"]
        self.coverage: float = calibration["coverage"]
        self.low_factor = math.exp(calibration["low"])
        self.high_factor = math.exp(calibration["high"])

    def price(self, listing: Mapping[str, Any]) -> Valuation:
        """Price one listing given as feature name to value. Raises ListingsError naming every wrong field."""
        return self.price_values(self._check(listing))

    def price_values(self, values: Sequence[Value]) -> Valuation:
        """Price one listing given as its values in feature order."""
        row, in_range = self.encoder.encode(values)
        warnings = () if in_range else self.encoder.find_warnings(values)
        return self._value(self.trees.predict_row(row), warnings)

    def price_rows(self, rows: Sequence[Sequence[Value]]) -> list[Valuation]:
        """Price many listings, each given as its values in feature order."""
        if not rows:
            return []
        columns, out_of_range = self.encoder.encode_columns(rows)
        scores = self.trees.predict_rows(columns, by_column=True)
        valuations = [self._value(score, ()) for score in scores]
        for row in out_of_range:
            valuations[row] = self._value(scores[row], self.encoder.find_warnings(rows[row]))
        return valuations

    def explain(self, listing: Mapping[str, Any]) -> Breakdown:
        """Break one listing's price down. Raises ListingsError naming every wrong field."""
        return self.explain_values(self._check(listing))

    def explain_values(self, values: Sequence[Value]) -> Breakdown:
        """Break one checked listing's price down into money that sums to it exactly.

        The trees add in log price. Each contribution c becomes money as c * (P - B) / ln(P / B), where P is
        the price and B the base: the logarithmic mean division of Ang, "The LMDI approach to decomposition
        analysis" (Energy Policy, 2005), exact and the same in any order of the features. Rounding leaves the
        largest remainders a unit more, so that whole units sum too.
        """
        row, _ = self.encoder.encode(values)
        *parts, base = self.trees.contributions(row)
        price = self._value(self.trees.predict_row(row), ()).price
        total = sum(parts)
        exact_base = math.exp(base)
        rate = exact_base * math.expm1(total) / total if total else exact_base
        amounts = _round_to_sum([exact_base, *(part * rate for part in parts)], price)
        names = [feature.name for feature in self.market.features]
        return Breakdown(amounts[0], tuple(map(BreakdownPart, names, amounts[1:])))

    def prove(self) -> None:
        """Price the golden listings of the manifest. Raises BundleError where a price is not as in training."""
        for number, golden in enumerate(self.manifest["golden"]):
            self._prove_golden(number, golden)

    def prove_one(self) -> None:
        """Price the first golden listing only, for frequent health checks. Raises BundleError as prove does."""
        self._prove_golden(0, self.manifest["golden"][0])

    def _prove_golden(self, number: int, golden: Mapping[str, Any]) -> None:
        where = f"manifest.json: golden[{number}]"
        try:
            found = self.golden_valuation(golden["listing"])
        except (ListingsError, OverflowError) as error:
            raise BundleError(f"{where}: cannot be priced ({error.args[0]})", RETRAIN) from None
        for key, value in found.items():
            if not math.isclose(golden[key], value, rel_tol=GOLDEN_TOLERANCE):
                raise BundleError(
                    f"{where}.{key}: should be {golden[key]!r} (got {value!r})",
                    f"The files of {self.version} do not belong together. {RETRAIN}",
                )

    def golden_valuation(self, listing: Mapping[str, Any]) -> dict[str, float]:
        """The valuation before rounding, as the manifest has it. Raises ListingsError naming every wrong field."""
        row, _ = self.encoder.encode(self._check(listing))
        exact = math.exp(self.trees.predict_row(row))
        return {"price": exact, "low": exact * self.low_factor, "high": exact * self.high_factor}

    def _check(self, listing: Mapping[str, Any]) -> list[Value]:
        values, problems = check_listing(self.market, listing)
        if problems:
            raise ListingsError(
                "; ".join(f"{problem.pointer[2:]}: {problem.detail}" for problem in problems),
                f"Fields: {', '.join(feature.name for feature in self.market.features)}",
            )
        return values

    def _value(self, score: float, warnings: tuple[InputWarning, ...]) -> Valuation:
        exact = math.exp(score)
        return Valuation(round(exact), round(exact * self.low_factor), round(exact * self.high_factor), warnings)


def load_pricer(folder: Path) -> Pricer:
    """Load a bundle and check it: digests, contents, golden valuations. Raises BundleError for any damage."""
    pricer = Pricer(read_bundle(folder))
    pricer.prove()
    release_memory()
    return pricer


def _read_market(manifest: Mapping[str, Any]) -> Market:
    try:
        return parse_market(manifest["market"], "manifest.json: market")
    except MarketError as error:
        raise BundleError(error.what, RETRAIN) from None


def _check_columns(key: str, found: Sequence[str], names: Sequence[str]) -> None:
    if list(found) != names:
        raise BundleError(
            f"model.pkl: {key}: should be {', '.join(names)} (got {', '.join(map(str, found))})", RETRAIN
        )


def _round_to_sum(amounts: Sequence[float], total: int) -> list[int]:
    """Whole amounts that sum to total: round down, then give the largest remainders one more each."""
    whole = [math.floor(amount) for amount in amounts]
    order = sorted(range(len(amounts)), key=lambda index: whole[index] - amounts[index])
    for step in range(total - sum(whole)):
        whole[order[step % len(order)]] += 1
    return whole
