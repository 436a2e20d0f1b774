"""Request bodies to listings: fast for nearly every good one, and checked, which names what is wrong."""

import json
from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

import msgspec

from carprice.market.kinds import KINDS, Value
from carprice.market.market_file import ASKING, Feature, Market
from carprice.model.listing import MAX_PROBLEMS, FieldProblem, check_listing, read_asking

JSON_TYPES: dict[str, type] = {"string": str, "number": float, "integer": float, "boolean": bool}
"""What msgspec makes of a JSON value: every number a float, as the model has it."""


class MalformedError(Exception):
    """The body is not JSON that can be read; the text says why and where."""


class Decoded(NamedTuple):
    """A listing: its values in feature order, and what is asked for it, where that is given."""

    values: Sequence[Value]
    asking: float | None


class ListingDecoder:
    """Decodes listings of one market."""

    def __init__(self, market: Market) -> None:
        self._market = market
        required = [(feature.name, field_type(feature)) for feature in market.features if not feature.optional]
        optional = [
            (feature.name, field_type(feature) | None, None) for feature in market.features if feature.optional
        ]
        optional.append((ASKING, Annotated[float, msgspec.Meta(gt=0)] | None, None))
        listing = msgspec.defstruct("Listing", [*required, *optional], forbid_unknown_fields=True, kw_only=True)
        self._decode = msgspec.json.Decoder(listing).decode
        self._decode_list = msgspec.json.Decoder(list[listing]).decode  # type: ignore[valid-type]
        self._fields = listing.__struct_fields__[:-1]
        names = [feature.name for feature in market.features]
        self._order = None if list(self._fields) == names else [self._fields.index(name) for name in names]
        self._readers = tuple(
            (index, KINDS[feature.kind].read)
            for index, feature in enumerate(market.features)
            if not _is_value(feature)
        )

    def decode_fast(self, body: bytes) -> Decoded | None:
        """A listing, or None where decode_checked has to decode it.

        As many colons as fields means that no field is there twice; few texts have a colon.
        """
        try:
            found: Sequence[Any] = msgspec.structs.astuple(self._decode(body))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        if body.count(b":") != len(found) - found.count(None):
            return None
        values = self._read_values(found[:-1])
        return None if values is None else Decoded(values, found[-1])

    def decode_fast_rows(self, body: bytes) -> list[Decoded] | None:
        """Every listing in a list, or None where decode_fast returns None for one of them."""
        try:
            rows: list[Sequence[Any]] = [msgspec.structs.astuple(listing) for listing in self._decode_list(body)]
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        if body.count(b":") != sum(len(found) - found.count(None) for found in rows):
            return None
        read = [self._read_values(found[:-1]) for found in rows]
        if None in read:
            return None
        return [Decoded(values, found[-1]) for values, found in zip(read, rows, strict=True) if values is not None]

    def decode_checked(self, body: bytes, most: int = MAX_PROBLEMS) -> tuple[Decoded, list[FieldProblem]]:
        """A listing and the problems with it. Raises MalformedError where it is not JSON.

        most: problems after which unknown fields are no longer named.
        """
        return self.check(load_json(body), most)

    def check(self, fields: Any, most: int = MAX_PROBLEMS) -> tuple[Decoded, list[FieldProblem]]:
        """A decoded listing and the problems with it; it is usable only when there is none."""
        if not isinstance(fields, dict):
            return Decoded([], None), [FieldProblem("should be an object with the fields of one listing", "#")]
        values, problems = check_listing(self._market, fields, most)
        return Decoded(values, None if problems else read_asking(fields)), problems

    def _read_values(self, decoded: Sequence[Any]) -> Sequence[Value] | None:
        """The values in feature order, or None where one cannot be read."""
        values = decoded if self._order is None else [decoded[index] for index in self._order]
        if not self._readers:
            return values
        values = list(values)
        try:
            for index, read in self._readers:
                if values[index] is not None:
                    values[index] = read(values[index])
        except ValueError:
            return None
        return values


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


def field_type(feature: Feature) -> Any:
    """What msgspec decodes the JSON value of a feature as, with its limits."""
    kind = KINDS[feature.kind]
    decoded = JSON_TYPES[kind.schema["type"]]
    if decoded is float:
        whole = 1 if kind.is_whole else None
        return Annotated[float, msgspec.Meta(ge=feature.min, le=feature.max, multiple_of=whole)]
    if feature.is_text:
        return Annotated[str, msgspec.Meta(min_length=1, max_length=feature.max_length)]
    return decoded


def _is_value(feature: Feature) -> bool:
    """Whether what msgspec makes of a good JSON value is the value itself."""
    kind = KINDS[feature.kind]
    return JSON_TYPES[kind.schema["type"]] is (str if feature.is_text else float)
