"""What no listing of a make and model comes near: numbers far from theirs, and values that none of them has; and
models of few listings."""

from collections.abc import Mapping, Sequence
from typing import Any

from carprice.market.kinds import Value
from carprice.market.market_file import Market
from carprice.model.encoding import Encoders, Scaler
from carprice.model.forest.depreciation import ANY, Line
from carprice.model.input_warnings import UNSEEN, InputWarning, warn_few, warn_unusual
from carprice.model.names.suggestions import MAX_SUGGESTIONS
from carprice.model.plausibility import UsualValues
from carprice.model.price_range import MIN_LIKE
from carprice.model.seen_values import Seen, SeenValues

MAX_NAMED = 5
"""Of the values that there are."""

Key = tuple[float, ...]


class Unusual:
    """Finds it by the depreciation lines, whose keys are the codes of make and model."""

    def __init__(self, model: Mapping[str, Any], market: Market, encoders: Encoders, scaler: Scaler) -> None:
        """model: as model.pkl has it. Raises BundleError where its parts do not fit the encoders."""
        names = [feature.name for feature in market.features]
        year = names.index(market.year.name) if market.year else None
        self.numbers = UsualValues(model.get("usual_values"), names, scaler, year)
        self.categories = SeenValues(model.get("seen_values"), names, encoders)
        self._features, self._encoders = market.features, encoders
        self._keys = [names.index(name) for name in model["depreciation"]["keys"]]

    def applies(self, line: Line, values: Sequence[Value], row: Sequence[float]) -> bool:
        """Whether anything of a car is. values: in feature order. row: as Encoder makes it of them."""
        return _is_few(line) or bool(self.numbers.find(line.key, values) or self.categories.find(line.key, row))

    def find_rows(
        self, rows: Sequence[Sequence[Value]], columns: Sequence[Sequence[float]], likes: Sequence[int]
    ) -> set[int]:
        """The indexes of cars with anything unusual. columns: as Encoder makes them of the rows. likes: listings
        of the same make and model."""
        keys = [columns[index] for index in self._keys]
        few = {row for row, like in enumerate(likes) if like < MIN_LIKE and keys}
        return few | self.numbers.find_rows(keys, rows) | self.categories.find_rows(keys, columns)

    def add_warnings(
        self, warnings: Sequence[InputWarning], line: Line, values: Sequence[Value], row: Sequence[float]
    ) -> tuple[InputWarning, ...]:
        """The warnings, and one for each other field with something unusual, in feature order."""
        key, warned = line.key, [warning.field for warning in warnings]
        unusual = [
            warn_unusual(self._features[span.column], span, float(values[span.column]))  # type: ignore[arg-type]
            for span in self.numbers.find(key, values)
            if self._features[span.column].name not in warned
        ]
        unseen = [self._warn_unseen(seen, key, row) for seen in self.categories.find(key, row)]
        few = self._warn_few(line, warned)
        places = {feature.name: place for place, feature in enumerate(self._features)}
        return tuple(sorted((*warnings, *unusual, *unseen, *few), key=lambda warning: places[warning.field]))

    def _warn_few(self, line: Line, warned: Sequence[str]) -> list[InputWarning]:
        model = self._features[self._keys[-1]] if _is_few(line) else None
        return [] if model is None or model.name in warned else [warn_few(model, line.rows)]

    def _warn_unseen(self, seen: Seen, key: Key, row: Sequence[float]) -> InputWarning:
        name = self._features[seen.column].name
        known = self._encoders[name]
        car = " ".join(
            self._encoders[self._features[index].name][int(code)]
            for index, code in zip(self._keys, key, strict=True)
        )
        listed = [f"{known[code]} {count:,}" for code, count in zip(seen.order, seen.counts, strict=True)]
        more = f" and {len(listed) - MAX_NAMED} others" if len(listed) > MAX_NAMED else ""
        value, listings = known[int(row[seen.column])], f"{sum(seen.counts):,} training listings of {car}"
        detail = f"was {value!r} in none of the {listings}: {', '.join(listed[:MAX_NAMED])}{more}"
        suggested = tuple(known[code] for code in seen.order[:MAX_SUGGESTIONS])
        return InputWarning(f"#/{name}", UNSEEN, detail, suggested)


def _is_few(line: Line) -> bool:
    """Whether it is that of a model, and of few listings."""
    return line.rows < MIN_LIKE and bool(line.key) and line.key[-1] != ANY
