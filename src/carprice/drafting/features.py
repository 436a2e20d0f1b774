"""What a column of an unknown file becomes: a feature, several, or none, each with the reason."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from carprice.drafting.ages_of_listings import pattern_before_age, without_age
from carprice.drafting.columns.decimals import find_decimal
from carprice.drafting.columns.distances import MIL, THOUSAND, guess_mileage_scale
from carprice.drafting.columns.header_words import is_fiscal, is_model, unit_in_name
from carprice.drafting.columns.matching import MAX_MISSING_RATE
from carprice.drafting.columns.names import choose_name, magnitude_in_name
from carprice.drafting.columns.numbers import Numbers, count_texts
from carprice.drafting.columns.profile import Profile
from carprice.drafting.draft_defaults import (
    OWN_TEXT,
    find_flag,
    find_other_makes,
    find_spellings,
    guess_number_limits,
    guess_unit,
    guess_year_limits,
    reason_to_leave_out,
    suggest_spellings,
)
from carprice.drafting.joined_names import find_joined_parts
from carprice.drafting.name_parts import find_model_parts, find_name_parts
from carprice.drafting.repeats import find_said
from carprice.drafting.taken_apart import (
    Part,
    find_distance_part,
    find_named_values,
    find_number_parts,
    find_word_parts,
)
from carprice.drafting.trims import stands_in_longer
from carprice.drafting.writing import Entry, format_percent, format_value, quote
from carprice.listings.one_hot import REST
from carprice.market.market_file import Decimal, Feature
from carprice.market.units import convert_unit

NAMED = ("make", "model", "year", "trim")
"""What names of cars have, unless other columns do."""
TEXT_ROLES = ("make", "model", "trim")
FOLDED_ROLES = ("make", "model", "fuel", "transmission", "body", "drive")
MAX_OWN_RATES, MIN_OWN = {"make": 0.5, "trim": 0.8}, 50
"""Distinct texts per row of columns that may have names or sentences: with more, nearly every row has its own."""
SHOWN_VALUES = 4
FISCAL_UNIT = "fiscal hp"
"""No unit that any other is converted to."""
MAX_CATEGORY_RATE = 0.5
"""Distinct texts per row of a category: with more, nearly every row has its own."""
MAX_TEXT_RATE = 0.2
"""Of versions: with more, their words say more than the whole of each."""
MIN_BEHIND_SHARE = 0.01
"""Of names that have a version behind the model."""
MAX_DISTANCE = 2_000_000
PLAUSIBLE: dict[str, tuple[float, float]] = {
    "power": (10, 2_000),
    "engine_size": (0.3, 20),
    "cylinders": (1, 16),
    "gears": (1, 12),
    "doors": (1, 7),
    "seats": (1, 60),
}
"""Limits of numbers that stand in sentences: others are the numbers of something else."""


@dataclass
class FeatureDrafter:
    """Makes features of the columns of a file, whose names it keeps apart.

    roles: of the file's columns. price: its profile. units: by column, the unit that a column beside it names.
    """

    profiles: Sequence[Profile]
    roles: dict[str, Profile]
    price: Profile
    distance_unit: str
    units: dict[str, str]
    taken: set[str] = field(default_factory=set)
    drafted: list[Profile] = field(default_factory=list)

    def draft(self, profile: Profile, role: str) -> Iterator[Entry]:
        """The entries of one column."""
        prices = self.price.loose_numbers
        assert prices
        is_there = profile.missing_rate <= MAX_MISSING_RATE
        if not role and is_there and (known := find_said(profile, self.roles, self.drafted)):
            yield Entry(profile.column, [f"it is left out: it says no more than {known}"])
            if profile.numbers and profile.numbers.words:
                yield from self._draft_parts(profile, role)
            return
        if reason := reason_to_leave_out(without_age(profile), role, prices):
            yield Entry(profile.column, [f"it is left out: {reason}"])
            if reason == OWN_TEXT:
                yield from self._draft_parts(profile, role)
            return
        named = {name for name in NAMED if self._has(name, profile)}
        makes = self.roles["make"] if "make" in named & {*self.roles} else None
        are_models = role == "model" and is_model(profile.column) and stands_in_longer(profile, self.profiles)
        names = find_joined_parts(profile, named) or find_name_parts(profile, named, makes, are_models)
        if not names and role == "model" and not self._has("trim", profile):
            names = find_model_parts(profile)
        if names:
            for part in names:
                yield from self._draft_name_part(profile, part)
        elif profile.distinct_rate > MAX_OWN_RATES.get(role, 1) and profile.known >= MIN_OWN:
            yield Entry(profile.column, [f"it is left out: {OWN_TEXT}"])
        else:
            feature = self._make_feature(profile, role)
            self.drafted.append(profile)
            yield Entry(profile.column, [*self._describe(profile), *_suggest(profile, feature)], feature)
        yield from self._draft_parts(profile, role)

    def _has(self, role: str, profile: Profile) -> bool:
        return role in self.taken or (role in self.roles and self.roles[role] is not profile)

    def _draft_name_part(self, profile: Profile, part: Part) -> Iterator[Entry]:
        """One of a name; the rest of it as the version, where several listings have each."""
        if part.name != "version":
            yield self._draft_part(profile, part, "it stands in the name")
            return
        texts = profile.texts.str.extract(part.pattern, 1) if part.pattern else profile.texts
        if texts.count() <= MIN_BEHIND_SHARE * profile.known:
            return
        rate = texts.drop_nulls().n_unique() / texts.count()
        if rate <= MAX_CATEGORY_RATE:
            yield self._draft_part(profile, part, "it stands behind the model")
        if rate > MAX_TEXT_RATE:
            yield Entry(profile.column, [f"it is left out: {OWN_TEXT}"], part=part.name)

    def _draft_parts(self, profile: Profile, role: str) -> Iterator[Entry]:
        """Features inside the texts of a column that has no number of its own, or words beside its numbers."""
        distance = (
            None if "mileage" in self.taken | {*self.roles} or profile.numbers else find_distance_part(profile)
        )
        if distance:
            yield self._draft_distance(profile, distance)
        is_name = role == "make" or (role == "model" and not find_model_parts(profile))
        if profile.numbers is None and not profile.is_date:
            reserved = self.taken | {*self.roles}
            numbers = () if is_name else find_number_parts(profile, reserved)
            for part in (*numbers, *find_named_values(profile, reserved)):
                yield self._draft_part(profile, part, "it stands in the text")
        elif profile.numbers and role != "year":
            for part in find_word_parts(profile, self.taken | {*self.roles}):
                if part.name:
                    yield self._draft_part(profile, part, "some of the numbers have it beside them")
                else:
                    yield Entry(profile.column, [_explain_words(profile, part)], part="word beside the numbers")

    def _draft_distance(self, profile: Profile, part: Part) -> Entry:
        """The distance that a cell has beside something else, in the unit of the market."""
        entry = self._draft_part(profile, part, "it stands in the text")
        assert entry.feature
        way = replace(entry.feature, min=0, max=MAX_DISTANCE, outside="missing", unit=self.distance_unit)
        is_other = part.unit != self.distance_unit
        return Entry(profile.column, entry.comment, replace(way, column_unit=part.unit) if is_other else way)

    def _draft_part(self, profile: Profile, part: Part, why: str) -> Entry:
        name = choose_name(part.name, self.taken)
        low, high = PLAUSIBLE.get(part.name, (None, None)) if part.kind == "number" else (None, None)
        if part.kind == "year":
            low, high = guess_year_limits(profile)
        is_in_cc = part.unit == "cc"
        is_needed = part.name in ("make", "model", "year") and not profile.missing_rate
        feature = Feature(
            name,
            profile.column,
            part.kind,
            unit=part.unit,
            min=low * 1000 if low is not None and is_in_cc else low,
            max=high * 1000 if high is not None and is_in_cc else high,
            optional=not is_needed,
            missing=profile.missing,
            pattern=part.pattern,
            decimal=_decimal_of(profile, part),
            outside="drop" if is_needed or part.kind == "flag" else "missing",
        )
        return Entry(profile.column, [f"Of {quote(profile.column)}: {why}."], feature)

    def _describe(self, profile: Profile) -> list[str]:
        shown = ", ".join(quote(text[:30]) for text in profile.most_common[:SHOWN_VALUES])
        more = ", ..." if profile.distinct > SHOWN_VALUES else ""
        joined = ["Its values are the names of columns of yes and no."] if profile.column.endswith(REST) else []
        return [
            *joined,
            f"{format_percent(profile.missing_rate)} missing, {profile.distinct:,} values: {shown}{more}",
        ]

    def _make_feature(self, profile: Profile, role: str) -> Feature:
        own = "fiscal power" if is_fiscal(profile.column) else profile.column
        name = choose_name(role or own, self.taken)
        label = "" if role or profile.column.isascii() else profile.column
        is_core = role in ("make", "model", "year", "mileage")
        base = Feature(
            name,
            profile.column,
            "category",
            label=label,
            optional=profile.missing_rate > 0 or not is_core,
            missing=profile.missing,
        )
        if role == "year":
            low, high = guess_year_limits(profile)
            return replace(base, kind="year", calendar=profile.calendar, min=low, max=high)
        if flag := find_flag(profile) if role not in ("make", "model") else None:
            return _make_flag(base, flag)
        if profile.is_date:
            return replace(base, kind="date", day_first=profile.day_first, optional=True, outside="missing")
        if profile.numbers and role not in TEXT_ROLES and not _is_code(profile):
            return self._make_number(base, profile.numbers, role)
        if pattern := pattern_before_age(profile):
            return replace(base, pattern=pattern, optional=True, outside="missing")
        other = find_other_makes(profile) if role == "make" else {}
        return replace(base, replace={**find_spellings(profile), **other} if role in FOLDED_ROLES else {})

    def _make_number(self, base: Feature, numbers: Numbers, role: str) -> Feature:
        beside = self.units.get(base.column, "") or unit_in_name(base.column)
        unit = guess_unit(numbers, role, self.distance_unit, beside)
        own = numbers.unit or beside
        if is_fiscal(base.column):
            unit = own = FISCAL_UNIT
        is_other = unit != own and convert_unit(own, unit) is not None
        scale = self._guess_scale(base.column, numbers) if role == "mileage" else 1.0
        factor = (convert_unit(own, unit) or 1.0) * scale if is_other else scale
        low, high = guess_number_limits(Numbers(numbers.values * factor, numbers.decimal, unit), role)
        return replace(
            base,
            kind="number",
            unit=unit,
            column_unit=own if is_other and not numbers.unit else "",
            min=low,
            max=high,
            scale=scale,
            decimal=numbers.decimal,
            optional=True,
            outside="missing",
        )

    def _guess_scale(self, column: str, numbers: Numbers) -> float:
        return guess_mileage_scale(column, numbers, self.roles.get("year"))


def _explain_words(profile: Profile, part: Part) -> str:
    assert profile.numbers
    shown = ", ".join(quote(word) for word in list(profile.numbers.words)[:SHOWN_VALUES])
    how = f"a feature of a name of yours has it by pattern = {format_value(part.pattern)}"
    return f"it is left out: nothing says what {shown} are; {how}"


def _suggest(profile: Profile, feature: Feature) -> list[str]:
    """What only a person can decide of a feature."""
    lines = []
    if feature.name == "make" and (pairs := suggest_spellings(profile)):
        lines.append(f"{'; '.join(pairs)}: say it with replace.")
    is_named = feature.scale == magnitude_in_name(profile.column) != 1
    if is_named:
        lines.append(f"Its name says what they are in: each is multiplied by {feature.scale:,.0f}.")
    elif feature.scale == THOUSAND:
        lines.append("They are so low that they must be thousands; without scale they are taken as they are.")
    if feature.scale == MIL:
        lines.append("Its name is that of Scandinavian miles of 10 km; without scale they are taken as they are.")
    return lines


def _make_flag(base: Feature, flag: tuple[list[str], list[str]]) -> Feature:
    yes, no = flag
    if not no:
        return replace(base, kind="flag", true=tuple(yes), false=("no",), blank="false", optional=True)
    return replace(base, kind="flag", true=tuple(yes), false=tuple(no), optional=True)


def _is_code(profile: Profile) -> bool:
    """Whether numbers are names: few whole ones that begin with a zero, such as postal codes."""
    return profile.share_with(r"^0[0-9]\S*$") > 0.05


def _decimal_of(profile: Profile, part: Part) -> Decimal:
    if part.kind != "number":
        return "."
    numbers = profile.texts.drop_nulls().str.extract(part.pattern, 1) + f" {part.unit}"
    return find_decimal(count_texts(numbers), profile.usual_decimal)
