"""How long ago a car was listed, as sites write it behind a place: "Nairobi, Kilimani, 2 hours ago"."""

from dataclasses import replace

from carprice.drafting.columns.profile import Profile

MIN_SHARE = 0.5
_ONE = r"(?:[0-9]+|an?|une?|una?|um|uma|eine[mnr]?)"
AGES = (
    rf"{_ONE}\s*[^\W\d_]+\.?\s+(?:ago|fa|назад|тому|önce|temu|siden|sedan|sitten|geleden)",
    rf"(?:il y a|hace|vor|há|ha|pred|för|منذ)\s+{_ONE}\s*[^\W\d_]+\.?",
    rf"{_ONE}\s*[^\W\d_]+\.?\s+(?:left|remaining|restants?|übrig|осталось)",
    r"(?:just now|today|yesterday|aujourd'hui|hier|hoy|ayer|heute|gestern|hoje|ontem|сегодня|вчера)",
)
"""The patterns of an age, or of the time that an offer has left, each of some languages."""
_MARKS = r"[\s,·|•-]+"


def says_age(profile: Profile) -> bool:
    """Whether most texts say how long ago a car was listed, or for how long yet, and nothing else."""
    return profile.share_with(rf"(?i)^\s*(?:{'|'.join(AGES)})\s*$") > MIN_SHARE


def without_age(profile: Profile) -> Profile:
    """The column without such ages."""
    pattern = pattern_before_age(profile)
    if not pattern:
        return profile
    texts = profile.texts.str.extract(pattern, 1)
    return replace(profile, texts=texts, distinct=texts.drop_nulls().n_unique())


def pattern_before_age(profile: Profile) -> str:
    """The pattern of what stands before such an age; empty where most texts have none behind something else."""
    found = [age for age in AGES if profile.share_with(_before(age)) > 0] if profile.numbers is None else []
    ages = "|".join(found)
    is_usual = found and profile.share_with(_before(ages)) > MIN_SHARE
    return rf"(?is)^\s*(\S.*?)(?:{_MARKS}(?:{ages}))?\s*$" if is_usual else ""


def _before(ages: str) -> str:
    return rf"(?is)^\s*\S.*?{_MARKS}(?:{ages})\s*$"
