"""The pricer: turns listings into valuations with a bundle, once that has priced its golden listings."""

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec import UNSET

from carprice.errors import BundleError, ListingsError, MarketError
from carprice.market.kinds import EPOCH, Value
from carprice.market.market_file import Market, parse_market
from carprice.model.bundle.contents import Bundle, read_bundle
from carprice.model.bundle.manifest import RETRAIN, VERSION_TIME
from carprice.model.encoding import Encoder
from carprice.model.evidence.explanation import explain_price
from carprice.model.evidence.usual_car import UsualCars
from carprice.model.forest.depreciation import ANY
from carprice.model.forest.lightgbm_capi import Trees
from carprice.model.forest.price_forest import PriceForest, check_columns, join_columns, name_columns
from carprice.model.golden import prove
from carprice.model.input_warnings import (
    FEW_LIKE,
    OUTSIDE_TRAINING,
    UNKNOWN_CATEGORY,
    UNKNOWN_COMBINATION,
    UNLIKELY,
    UNSEEN,
    InputWarning,
    warn_combination,
    warn_of_age,
)
from carprice.model.listing import check_listing, read_asking
from carprice.model.names.category_codes import MAKE, MODEL
from carprice.model.names.trim_names import TrimNames
from carprice.model.plausibility import UsualDistance
from carprice.model.position import Position, place_asking
from carprice.model.price_range import COVERAGE, Limits, PriceRange
from carprice.model.unusual import Unusual
from carprice.model.valuation import Breakdown, Confidence, NotGiven, Placed, Valuation
from carprice.system.freed_memory import release_memory

MAX_PRICE = 1e15
"""In units of money: whole numbers up to here are exact in JSON."""


class Pricer:
    """Prices listings with one bundle. Safe to share between threads."""

    def __init__(self, bundle: Bundle) -> None:
        """Put the parts of a bundle together. Raises BundleError where they do not fit each other."""
        self.manifest, model = bundle.manifest, bundle.model
        self.version: str = bundle.manifest["version"]
        self.market = _read_market(bundle.manifest)
        self.encoders = bundle.encoders
        self.scaler = bundle.scaler
        names = [feature.name for feature in self.market.features]
        check_columns("columns", model["columns"], names)
        self.encoder = Encoder(self.market, bundle.encoders, bundle.scaler, model["unknown_zero"])
        self.forest = PriceForest(model, names, bundle.scaler)
        self.spread = Trees(model["spread"]) if model["spread"] else None
        if self.spread:
            check_columns("spread", self.spread.columns, [*name_columns(names, (), model["flags"]), "price"])
        self.range = PriceRange(model["range"], "model" in model["depreciation"]["keys"])
        self.level: float = model["level"]
        self.trained_level = self.level
        self.model_column = names.index("model") if self.range.nameless is not None else None
        self.coverage = COVERAGE
        self.keys = frozenset(model["depreciation"]["keys"])
        not_measured = () if self.range.few else (FEW_LIKE,)
        self.unclaimed = frozenset((OUTSIDE_TRAINING, UNKNOWN_COMBINATION, UNLIKELY, UNSEEN, *not_measured))
        self.usual = UsualCars(model.get("usual", ()), self.forest.depreciation.keys)
        self.unusual = Unusual(model, self.market, bundle.encoders, bundle.scaler)
        self.as_of = None if model["as_of"] is None else EPOCH + timedelta(days=model["as_of"])
        self.costs: dict[str, float] = model["costs"]
        self.distance_per_year = _read_distance(bundle.manifest.get("distance_per_year"))
        self.encoder.distance = self._find_usual_distance()
        if tuple(model["depreciation"]["keys"]) == (MAKE, MODEL):
            seen = {key: line.rows for key, line in self.forest.depreciation.lines.items() if ANY not in key}
            self.encoder.learn_names(seen, TrimNames(model.get("trims"), names, bundle.encoders))
        self._not_given = [NotGiven(name, _added_cost(self.costs, name)) for name in names]

    def price(self, listing: Mapping[str, Any]) -> Valuation:
        """Price one listing given as feature name to value, and place its asking_price where it has one.

        Raises ListingsError naming every wrong field.
        """
        return self.price_listing(listing)[1]

    def price_listing(
        self, listing: Mapping[str, Any], limits: Limits | None = None
    ) -> tuple[Sequence[Value], Valuation]:
        """The values of a listing in feature order, and its valuation. Raises ListingsError as price does."""
        values = self._check(listing)
        return values, self.price_values(values, limits, read_asking(listing))

    def price_values(
        self, values: Sequence[Value], limits: Limits | None = None, asking: float | None = None
    ) -> Valuation:
        """Price the values of one listing, in feature order. limits: of range.limits, for another coverage.

        asking: what is asked for it, above 0, to be placed among the prices of such cars.
        """
        score, size, group, warnings = self._predict(values)
        return self._value(score, size, group, warnings, values, asking, limits or self.range.usual)

    def price_rows(
        self,
        rows: Sequence[Sequence[Value]],
        limits: Limits | None = None,
        askings: Sequence[float | None] | None = None,
    ) -> list[Valuation]:
        """Price many listings, each given as its values in feature order; askings: as in price_values, of each."""
        if not rows:
            return []
        columns, to_check = self.encoder.encode_columns(rows)
        scores, strange = self.forest.score_columns(columns)
        likes = self.forest.count_like(columns)
        unusual = self.unusual.find_rows(rows, columns, likes)
        named = [True] * len(rows)
        if self.model_column is not None:
            models = columns[self.model_column]
            for row in to_check:
                if self.encoder.is_guessed(rows[row], models[row]):
                    models[row] = math.nan
            named = [code == code for code in models]
        sizes: Sequence[float] = [0.0] * len(rows)
        if self.spread:
            seen = join_columns([*columns, *self.forest.flag_columns(columns), scores])
            sizes = self.spread.predict_rows(seen, by_column=True)
        to_check |= strange | unusual
        warned = [self.find_warnings(values) if row in to_check else () for row, values in enumerate(rows)]
        limits, askings = limits or self.range.usual, askings or [None] * len(rows)
        return [
            self._value(score, size, self.range.group(size, is_named, like), warnings, values, asking, limits)
            for score, size, is_named, like, warnings, values, asking in zip(
                scores, sizes, named, likes, warned, rows, askings, strict=True
            )
        ]

    def _predict(self, values: Sequence[Value]) -> tuple[float, float, int, tuple[InputWarning, ...]]:
        """The score, the log of its usual error, the group of the range, and the warnings."""
        row, in_range = self.encoder.encode(values)
        line, is_known = self.forest.depreciation.find(row)
        score = self.forest.score(row, line)
        is_usual = in_range and is_known and not self.unusual.applies(line, values, row)
        is_named = True
        if self.model_column is not None:
            is_named = row[self.model_column] == row[self.model_column]
            if not in_range and is_named and self.encoder.is_guessed(values, row[self.model_column]):
                is_named, row[self.model_column] = False, math.nan  # its range is that of an unknown model
        size = self.spread.predict_row([*row, *self.forest.flag(row), score]) if self.spread else 0.0
        group = self.range.group(size, is_named, line.rows)
        return score, size, group, () if is_usual else self.find_warnings(values)

    def read_values(self, listing: Mapping[str, Any]) -> list[Value]:
        """The values of a listing in feature order. Raises ListingsError naming every wrong field."""
        return self._check(listing)

    def log_prices(self, rows: Sequence[Sequence[Value]]) -> list[float]:
        """The logarithms of the prices of at least one listing, as exactly as they are known."""
        scores, _ = self.forest.score_columns(self.encoder.encode_columns(rows)[0])
        return [score + self.level for score in scores]

    def plain_score(self, values: Sequence[Value]) -> float:
        """What line and trees say of a listing's own year alone, in log price without the level."""
        row, _ = self.encoder.encode(values)
        line, _ = self.forest.depreciation.find(row)
        return self.forest.plain_score(row, line)

    def find_warnings(self, values: Sequence[Value]) -> tuple[InputWarning, ...]:
        """A warning for each value that training never saw or no such car has, and for a model of another make."""
        warnings = self.encoder.find_warnings(values)
        row, _ = self.encoder.encode(values)
        line, is_known = self.forest.depreciation.find(row.copy())
        if is_known:
            return self.unusual.add_warnings(warnings, line, values, row)
        *wholes, part = [(self.market.features[index], int(row[index])) for index in self.forest.depreciation.keys]
        others = [self.encoders[wholes[0][0].name][code] for code in self.forest.depreciation.others_with(row)]
        names = " ".join(self.encoders[feature.name][code] for feature, code in wholes)
        strange = warn_combination(part[0], self.encoders[part[0].name][part[1]], names, others)
        fields = [feature.name for feature in self.market.features]
        return tuple(sorted((*warnings, strange), key=lambda warning: fields.index(warning.field)))

    def warn_of_age(self, today: date, max_days: int) -> tuple[InputWarning, ...]:
        """That the model is older than max_days, by the last day learnt from, else by the day of its training."""
        return warn_of_age(self.as_of or datetime.strptime(self.version, VERSION_TIME).date(), today, max_days)

    def explain(self, listing: Mapping[str, Any]) -> Breakdown:
        """Break one listing's price down. Raises ListingsError naming every wrong field."""
        return self.explain_values(self._check(listing))

    def explain_values(
        self, values: Sequence[Value], against_usual: bool = False, grouped: bool = False
    ) -> Breakdown:
        """Break one checked listing's price down into money that sums to it exactly: model/evidence/breakdown.py.

        against_usual: from the usual car of its make and model on, where the model knows one, else from the
        average car. grouped: year and mileage together.
        """
        return explain_price(self, values, against_usual, grouped)

    def golden_valuation(self, listing: Mapping[str, Any]) -> dict[str, float]:
        """The valuation before rounding, as the manifest has it. Raises ListingsError naming every wrong field."""
        score, size, group, warnings = self._predict(self._check(listing))
        limits = self.range.usual
        price, low, high = self._amounts(
            score + self.trained_level, size, group, self._is_claimed(warnings), limits
        )
        return {"price": price, "low": low, "high": high}

    def _find_usual_distance(self) -> UsualDistance | None:
        year, mileage, yearly = self.market.year, self.market.mileage, self.distance_per_year
        if year is None or mileage is None or yearly is None:
            return None
        newest = float(self.as_of.year) if self.as_of else self.scaler[year.name]["max"]
        features = self.market.features
        return UsualDistance(features.index(mileage), features.index(year), yearly, newest)

    def _check(self, listing: Mapping[str, Any]) -> list[Value]:
        values, problems = check_listing(self.market, listing)
        if problems:
            raise ListingsError(
                "; ".join(f"{problem.pointer[2:]}: {problem.detail}" for problem in problems),
                f"Fields: {', '.join(feature.name for feature in self.market.features)}",
            )
        return values

    def _value(
        self,
        score: float,
        size: float,
        group: int,
        warnings: tuple[InputWarning, ...],
        values: Sequence[Value],
        asking: float | None,
        limits: Limits,
    ) -> Valuation:
        is_claimed = not warnings or self._is_claimed(warnings)
        price, low, high = self._amounts(score + self.level, size, group, is_claimed, limits)
        confidence: Confidence = self.range.confidence(size, group) if is_claimed else "low"
        coverage = limits.coverage if is_claimed else None
        missing: tuple[NotGiven, ...] = ()
        if None in values:
            missing = tuple([item for item, value in zip(self._not_given, values, strict=True) if value is None])
        position: Placed = UNSET
        if asking is not None:
            position = self._place(asking, price, size, group) if is_claimed else None
        return Valuation(round(price), round(low), round(high), confidence, coverage, warnings, missing, position)

    def _place(self, asking: float, price: float, size: float, group: int) -> Position:
        """Where an asking price lies among the prices of such cars. price: not rounded."""
        scale = math.exp(size) * self.range.factors[group]
        return place_asking(asking, price, self.range.level(math.log(asking) - math.log(price), scale, group))

    def _amounts(
        self, log_price: float, size: float, group: int, is_claimed: bool, limits: Limits
    ) -> tuple[float, float, float]:
        """Price, low and high, before rounding; at most MAX_PRICE, whatever the bundle holds."""
        low, high = limits.of_groups[group]
        factor = self.range.factors[group] if is_claimed else self.range.unseen
        try:
            scale = math.exp(size) * factor
            amounts = math.exp(log_price), math.exp(log_price + low * scale), math.exp(log_price + high * scale)
        except OverflowError:
            return MAX_PRICE, MAX_PRICE, MAX_PRICE
        return amounts if amounts[2] <= MAX_PRICE else tuple(min(MAX_PRICE, amount) for amount in amounts)  # type: ignore[return-value]

    def _is_claimed(self, warnings: Sequence[InputWarning]) -> bool:
        """Whether the range's share is promised: make and model were seen together, and no value is strange."""
        return not any(
            warning.code in self.unclaimed or (warning.code == UNKNOWN_CATEGORY and warning.field in self.keys)
            for warning in warnings
        )


def load_pricer(folder: Path, trusted: str = "") -> Pricer:
    """Load a bundle and check it all, golden valuations too; trusted: as for read_bundle. Raises BundleError."""
    pricer = Pricer(read_bundle(folder, trusted))
    prove(pricer)
    release_memory()
    return pricer


def _read_market(manifest: Mapping[str, Any]) -> Market:
    try:
        return parse_market(manifest["market"], "manifest.json: market")
    except MarketError as error:
        raise BundleError(error.what, RETRAIN) from None


def _read_distance(value: Any) -> float | None:
    """How far cars usually go in a year; None where the bundle does not say."""
    return float(value) if isinstance(value, int | float) and 0 < value < math.inf else None


def _added_cost(costs: Mapping[str, float], name: str) -> float | None:
    """What leaving a field out adds to the median error; None where that was not measured."""
    return round(max(costs[name] - costs[""], 0.0), 4) if name in costs and "" in costs else None
