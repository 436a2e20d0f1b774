"""The make, model, year and version inside names of cars, as in "2015 Land Rover Discovery Sport HSE"."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from typing import NamedTuple

import polars as pl

from carprice.drafting.columns.makes import (
    DASH_BEFORE,
    SHORT_YEAR_BEFORE,
    TWO_YEARS_BEFORE,
    YEAR_BEFORE,
    cut_year,
    find_glued_make,
    is_make,
    make_share,
    offer_pattern,
)
from carprice.drafting.columns.profile import Profile
from carprice.drafting.columns.vocabulary import MAKES_OF_TWO_WORDS, MODEL_BEGINNINGS, MODEL_ENDINGS, OFFER_WORDS
from carprice.drafting.taken_apart import Part
from carprice.market.other_names import MAKE_ALIASES

MIN_NAME_SHARE = 0.5
MIN_YEAR_SHARE = 0.9
MIN_VERSION_SHARE = 0.25
MIN_OWN_SHARE = 0.9
"""Of names beside a column of makes, so many must begin with that of their row."""
MAX_MAKES, SAMPLE_ROWS = 200, 5_000
MIN_LONG_ROWS, MIN_LONG_SHARE = 5, 0.8
"""Of names with a word behind the make, so many must go on with one other for both to be a model: Land Cruiser."""
MAX_LONG_WORDS, MAX_LONG_MODELS = 4, 40
MAX_MODEL_RATE = 0.2
"""Distinct texts per row of a column of models: with more, they have versions too."""
MAX_MODEL_WORDS = 1.5
"""Words behind the make, on the mean, of names that are models alone."""
MAX_WORDS_TO_YEAR = 3
"""Where hardly a name has more words between its make and a year, all of them are the model ..."""
MOST_WORDS_TO_YEAR = 6
"""... and so are those of the names that do."""

SHORT_YEAR = r"^\s*(['`\u2019][0-9]{2})\s"
YEAR = r"\b((?:19[4-9]|20[0-9])[0-9])(?:\b|款|年|년)"
_ANY_YEAR = r"\b(?:19[4-9]|20[0-9])[0-9](?:\b|款|年|년)"
_MARKS = ",;"
DASHES, _DASH = frozenset("-\u2013|:"), r"[|:\u2013-]"
_SAYS_YEAR = rf"{_ANY_YEAR}\s*(?:год|года|г|рік|р)\b"  # noqa: RUF001
"""What stands behind a year that is called one is no version of the car, but where it is."""
_BEGINNINGS = frozenset(MODEL_BEGINNINGS.casefold().split())
_ENDINGS = frozenset(MODEL_ENDINGS.split())


class _Make(NamedTuple):
    """Patterns of the make: alone, and with all that stands before the model."""

    alone: str
    before_model: str


def find_name_parts(
    profile: Profile, taken: Set[str], makes: Profile | None = None, are_models: bool = False
) -> list[Part]:
    """The make, model, year and version of names that begin with a make, a year before it or not.

    None that is in taken; empty for other texts. makes: the column of the makes, where it is another one: in names
    that do not begin with that of their row, it is looked for, as in "'16 Lexus IS300H".
    are_models: they are called models, which have no version behind where few have more than one word.
    """
    is_known = make_share(profile) > MIN_NAME_SHARE
    is_other = makes is not None and not (is_known and _begin_with_own(profile, makes))
    own = _find_own_makes(profile, makes) if makes and is_other else None
    if own is None and not is_known:
        return []
    names = _split_names(profile, own)
    has_model = (count for words, count in names.items() if len(words) > 1 and not is_make(words[1]))
    is_several = sum(has_model) > MIN_NAME_SHARE * profile.known
    if not (is_several or has_years(profile)):
        return []
    make = own or _find_make_pattern(profile)
    parts = [Part("make", "category", rf"{_find_start(profile)}({make.alone})")]
    if is_several:
        are_whole = are_models and not has_years(profile) and _are_short(names)
        parts += _find_model_parts(profile, names, make, "trim" in taken or are_whole)
    if has_years(profile):
        parts.append(Part("year", "year", YEAR))
    elif profile.share_with(SHORT_YEAR) > MIN_YEAR_SHARE:
        parts.append(Part("year", "year", SHORT_YEAR))
    return [part for part in parts if part.name not in taken]


def find_model_parts(profile: Profile) -> list[Part]:
    """The model and the version of texts without a make that have both; empty where most are models alone."""
    names = Counter[tuple[str, ...]]()
    for text, count in profile.counts.items():
        names["", *text.casefold().split()] += count
    is_several = sum(count for words, count in names.items() if len(words) > 2) > MIN_NAME_SHARE * profile.known
    if profile.distinct_rate <= MAX_MODEL_RATE or not is_several:
        return []
    return [*_find_model_parts(profile, names, _Make("", r"^\s*"), has_trims=False)]


def _has_dashes(profile: Profile) -> bool:
    """Whether some names have dashes between their words."""
    return profile.share_with(rf"\s{_DASH}\s") > 0


def _are_short(names: Counter[tuple[str, ...]]) -> bool:
    """Whether names have hardly more than one word behind the make."""
    return sum((len(words) - 1) * count for words, count in names.items()) <= MAX_MODEL_WORDS * names.total()


def has_years(profile: Profile) -> bool:
    """Whether nearly every text has a year in it."""
    return profile.share_with(YEAR) > MIN_YEAR_SHARE


def _find_model_parts(
    profile: Profile, names: Counter[tuple[str, ...]], make: _Make, has_trims: bool
) -> Iterator[Part]:
    """The model, and the version where there is more behind it. has_trims: those stand in another column."""
    head = make.before_model
    has_marks = profile.share_with(rf"[{_MARKS}](?:\s|$)") > 0
    has_dashes = _has_dashes(profile)
    usual, most = (
        _to_year(head, words, has_marks or has_dashes) for words in (MAX_WORDS_TO_YEAR, MOST_WORDS_TO_YEAR)
    )
    if profile.share_with(usual) > MIN_YEAR_SHARE:
        yield Part("model", "category", most)
        behind = rf"{_ANY_YEAR}\s+(\S.*)"
        is_place = profile.share_with(_SAYS_YEAR) > MIN_NAME_SHARE
        if not has_trims and not is_place and profile.share_with(behind) > MIN_VERSION_SHARE:
            yield Part("version", "category", behind)
        return
    if has_trims:
        yield Part("model", "category", rf"{head}(\S.*)")
        return
    models = "|".join(_as_pattern(words) for words in _find_long_models(names))
    word = _find_word_pattern(names, rf"\S*[^\s{_MARKS}]" if has_marks else r"\S+")
    model = rf"(?i:{models})\b|{word}" if models else word
    yield Part("model", "category", rf"{head}({model})")
    is_last = has_years(profile) and profile.share_with(rf"^\s*{_ANY_YEAR}") <= MIN_NAME_SHARE
    end = rf"\s+{_ANY_YEAR}" if is_last else r"\s*$"
    # Also where nothing is behind: a pattern that has to find something would cut the model short.
    between = (f"[{_MARKS}]*" if has_marks else "") + (rf"(?:\s+{_DASH})?" if has_dashes else "")
    yield Part("version", "category", rf"{head}(?:{model}){between}(?:\s+(\S.*?))?{end}")


def _to_year(head: str, words: int, has_marks: bool) -> str:
    """The pattern of a model of so many words at most, up to a year, without a comma or a dash between both."""
    if not has_marks:
        return rf"{head}(\S+(?:\s+\S+){{0,{words - 1}}}?)\s+{_ANY_YEAR}"
    return rf"{head}((?:\S+\s+){{0,{words - 1}}}?\S*[^\s{_MARKS}|\u2013-])[\s{_MARKS}|\u2013-]+{_ANY_YEAR}"


def _begin_with_own(profile: Profile, makes: Profile) -> bool:
    """Whether nearly all names begin with the make of their row, or another name of it."""
    rows = pl.DataFrame([profile.texts.alias("name"), makes.texts.alias("make")]).head(SAMPLE_ROWS).drop_nulls()
    other = _find_other_names(rows)
    found = sum(
        cut_year(name).startswith((*_names_of_make(make), *other.get(make, ()))) for name, make in rows.iter_rows()
    )
    return found > MIN_OWN_SHARE * rows.height


def _find_other_names(rows: pl.DataFrame) -> dict[str, tuple[str]]:
    """The make that most names of each make begin with: MG of those that a column calls moris-garage."""
    counts: dict[str, Counter[str]] = {}
    for name, make in rows.iter_rows():
        counts.setdefault(make, Counter())[(cut_year(name).split() or [""])[0]] += 1
    firsts = {make: words.most_common(1)[0] for make, words in counts.items()}
    return {
        make: (word,)
        for make, (word, count) in firsts.items()
        if is_make(word) and count > MIN_NAME_SHARE * counts[make].total()
    }


def _find_own_makes(profile: Profile, makes: Profile) -> _Make | None:
    """Patterns of any of the makes of a column, wherever it stands; None where most names have none of them."""
    words = {name for make in makes.most_common[:MAX_MAKES] for name in _names_of_make(make)}
    used = [word for word in words if profile.share_with(rf"(?i)\b{re.escape(word)}\b") > 0]
    alone = (
        rf"(?i:{'|'.join(_as_pattern(word.split()) for word in sorted(used, key=lambda one: (-len(one), one)))})"
    )
    before = rf"^(?:.*?[\s'(])??(?:{alone}[\s,:-]+)+"
    return _Make(alone, before) if used and profile.share_with(before) > MIN_NAME_SHARE else None


def _names_of_make(make: str) -> list[str]:
    """A make in small letters, and what else it is called: VW of Volkswagen. Range Rover is none, but a model."""
    usual = make.casefold()
    names = [usual, *(alias for alias, name in MAKE_ALIASES.items() if name == usual and " " not in alias)]
    return [*names, *([MAKE_ALIASES[usual]] if usual in MAKE_ALIASES else [])]


def _split_names(profile: Profile, own: _Make | None = None) -> Counter[tuple[str, ...]]:
    """How many names have which words: in small letters, the make first, without a year before it.

    own: the makes that are looked for in them.
    """
    found = Counter[tuple[str, ...]]()
    if own:
        before = re.compile(own.before_model)
        for text, count in profile.counts.items():
            if match := before.match(text):
                found["", *(word.rstrip(_MARKS) for word in text[match.end() :].casefold().split())] += count
        return found
    long = [make.casefold() for make in MAKES_OF_TWO_WORDS]
    for text, count in profile.counts.items():
        name = cut_year(text)
        make = find_glued_make(name) or next((one for one in long if name.startswith(one + " ")), "")
        words = [word.rstrip(_MARKS) for word in name[len(make) :].split() if word not in DASHES]
        found[(make, *words) if make else tuple(words)] += count
    return found


def _find_long_models(names: Counter[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Models of several words, the longest first: those that go on alike, or begin as no model ends."""
    starts, places = Counter[tuple[str, ...]](), Counter[tuple[str, int, str]]()
    for words, count in names.items():
        for length in range(2, min(len(words), MAX_LONG_WORDS + 1) + 1):
            starts[words[:length]] += count
            places[words[0], length, words[length - 1]] += count

    def goes_on(words: tuple[str, ...]) -> bool:
        """Whether the last word belongs to those before it: it mostly follows them, and them alone."""
        if words[-2] in _BEGINNINGS:
            return True
        least = max(starts[words[:-1]], places[words[0], len(words), words[-1]]) * MIN_LONG_SHARE
        return starts[words] >= least and any(letter.isalpha() for letter in words[-1])

    found = Counter[tuple[str, ...]]()
    for words, count in starts.items():
        # A name that a site has cut, as c1 1,0i...n clim, or one with its year is no model.
        is_cut = any(".." in word or re.fullmatch("(?:19|20)[0-9]{2}", word) for word in words[2:])
        is_whole = words[-1] not in _BEGINNINGS and count >= MIN_LONG_ROWS and not is_cut
        is_plain = all(word in _BEGINNINGS for word in words[1:-1])  # the pattern of a word has those
        if is_whole and not is_plain and all(goes_on(words[:end]) for end in range(3, len(words) + 1)):
            found[words[1:]] += count
    long = [words for words, _ in found.most_common(MAX_LONG_MODELS)]
    return sorted(long, key=lambda words: (-len(words), words))


def _find_word_pattern(names: Counter[tuple[str, ...]], word: str) -> str:
    """The pattern of a word, with those beside it that begin or end models of this file and are none alone."""
    begun = sorted({word for words in names for word in words[1:-1]} & _BEGINNINGS)
    ended = sorted({words[2] for words in names if len(words) > 2} & _ENDINGS)
    before = rf"(?:(?i:{'|'.join(map(re.escape, begun))})\s+)*" if begun else ""
    behind = rf"(?:\s+(?i:{'|'.join(ended)})\b)?" if ended else ""
    return rf"{before}{word}{behind}"


def _find_start(profile: Profile) -> str:
    """The pattern of what stands before the make: a year or none, and the words of an offer that names have."""
    found = [
        word for word in OFFER_WORDS.split("|") if profile.share_with(rf"(?i)^\s*{re.escape(word)}[\s:,-]") > 0
    ]
    offer = rf"(?i:{offer_pattern(found)})?" if found else ""
    has_two = profile.share_with(rf"^\s*{offer}(?:19|20)[0-9]{{2}}/") > 0
    dash = DASH_BEFORE if profile.share_with(rf"^\s*{offer}\S+\s+{_DASH}\s") > 0 else ""
    short = SHORT_YEAR_BEFORE if profile.share_with(SHORT_YEAR) > 0 else ""
    return rf"^\s*{offer}{TWO_YEARS_BEFORE if has_two else YEAR_BEFORE}{short}{dash}"


def _find_make_pattern(profile: Profile) -> _Make:
    long = [make for make in MAKES_OF_TWO_WORDS if profile.share_with(rf"(?i)\b{re.escape(make)}\b") > 0]
    start, behind = _find_start(profile), rf"(?:{_DASH}\s+)?" if _has_dashes(profile) else ""
    found = {make for text in profile.counts if (make := find_glued_make(text))}
    glued = sorted(found, key=lambda make: (-len(make), make))
    makes = "|".join([*(_as_pattern(make.split()) for make in long)])
    usual = rf"(?:(?i:{makes})|\S+)" if makes else r"\S+"
    if not glued:
        return _Make(usual, rf"{start}{usual}\s+{behind}")
    joined = "|".join(glued)
    return _Make(rf"(?:{joined}|{usual})", rf"{start}(?:(?:{joined})\s*|{usual}\s+){behind}")


def _as_pattern(words: Sequence[str]) -> str:
    return r"\s+".join(re.escape(word) for word in words)
