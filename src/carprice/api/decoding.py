"""Request bodies to listings: a fast way for what is usual, and a thorough one that names what is wrong."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

import msgspec

from carprice.market.market_file import Feature, Market
from carprice.model.listing import EPOCH, Problem, Value, check_listing


class MalformedError(Exception):
    """The body is not JSON that can be read; the text says why and where."""


class ListingDecoder:
    """Decodes listings of one market."""

    def __init__(self, market: Market) -> None:
        self._market = market
        required = [(feature.name, _field_type(feature)) for feature in market.features if not feature.optional]
        optional = [
            (feature.name, _field_type(feature) | None, None) for feature in market.features if feature.optional
        ]
        listing = msgspec.defstruct("Listing", [*required, *optional], forbid_unknown_fields=True, kw_only=True)
        self._decode = msgspec.json.Decoder(listing).decode
        self._decode_list = msgspec.json.Decoder(list[listing]).decode  # type: ignore[valid-type]
        self._fields = listing.__struct_fields__
        names = [feature.name for feature in market.features]
        self._order = None if list(self._fields) == names else [self._fields.index(name) for name in names]
        self._mend = tuple(
            (place, feature.kind)
            for place, feature in enumerate(market.features)
            if feature.kind in ("flag", "date")
        )

    def decode_usual(self, body: bytes) -> Sequence[Value] | None:
        """The values of a listing in feature order, or None where `decode_any` has to look.

        As many colons as fields means that no field stands twice: a usual body has none in its texts.
        """
        try:
            values: Sequence[Any] = msgspec.structs.astuple(self._decode(body))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        if body.count(b":") != len(values) - values.count(None):
            return None
        return self._order_values(values)

    def decode_usual_rows(self, body: bytes) -> list[Sequence[Value]] | None:
        """The values of every listing of a list, or None where one is not usual; see decode_usual."""
        try:
            rows: list[Sequence[Value]] = [msgspec.structs.astuple(listing) for listing in self._decode_list(body)]
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        if body.count(b":") != sum(len(values) - values.count(None) for values in rows):
            return None
        return [self._order_values(values) for values in rows] if self._order or self._mend else rows

    def decode_any(self, body: bytes) -> tuple[list[Value], list[Problem]]:
        """The values of a listing and every problem with it. Raises MalformedError where it is not JSON."""
        return self.check(load_json(body))

    def check(self, fields: Any) -> tuple[list[Value], list[Problem]]:
        """The values of a decoded listing and every problem with it."""
        if not isinstance(fields, dict):
            return [], [Problem("#", "should be an object with the fields of one listing")]
        return check_listing(self._market, fields)

    def _order_values(self, values: Sequence[Any]) -> Sequence[Value]:
        if self._order is not None:
            values = [values[place] for place in self._order]
        return self._mend_values(values) if self._mend else values

    def _mend_values(self, values: Sequence[Any]) -> Sequence[Value]:
        mended = list(values)
        for place, kind in self._mend:
            if mended[place] is not None:
                mended[place] = float(mended[place] if kind == "flag" else (mended[place] - EPOCH).days)
        return mended


def load_json(body: bytes) -> Any:
    """Parse JSON strictly: UTF-8, no NaN or Infinity, no name twice in an object. Raises MalformedError."""
    try:
        return json.loads(body.decode(), object_pairs_hook=_unique_fields, parse_constant=_refuse_constant)
    except RecursionError:
        raise MalformedError("The body is nested too deeply") from None
    except UnicodeDecodeError as error:
        raise MalformedError(f"The body is not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise MalformedError(
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from None
    except ValueError:
        raise MalformedError("The body has a number with too many digits") from None


def _unique_fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise MalformedError("The body has an object with the same field twice")
    return fields


def _refuse_constant(_: str) -> Any:
    raise MalformedError("The body has NaN or Infinity, which JSON does not know")


def _field_type(feature: Feature) -> Any:
    if feature.is_text:
        return Annotated[str, msgspec.Meta(min_length=1, max_length=feature.longest)]
    if feature.kind == "flag":
        return bool
    if feature.kind == "date":
        return date
    whole = 1 if feature.kind == "year" else None
    return Annotated[float, msgspec.Meta(ge=feature.min, le=feature.max, multiple_of=whole)]
