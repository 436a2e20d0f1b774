"""The words of a text that a price may be learnt from: single words and pairs of neighbours, in small letters.

What names one listing (telephone numbers, addresses of the web and of mail, long numbers, number plates) and what
speaks of the price is no word; nothing reaches over it to make a pair.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

MAX_WORD = 40
"""Characters; a longer one is no word."""
MAX_DIGITS = 3
"""Of a number alone: 320 and 2.0 name versions, longer ones a year, a distance, a price or a listing."""
MAX_CODE_DIGITS, MAX_CODE = 2, 6
"""Letters and more digits than that, in a word longer than that, are a plate, a VIN or the number of an order."""

# As people read words, not as a list.
_PRICE_WORDS = """
price priced prices pricing reduced reduction discount discounted offer offers bargain cheap cheaper cheapest
save saving savings sale clearance was now only finance financed deposit monthly month week weekly pcm pw vat
ono negotiable poa rrp msrp cost costs worth value below above market usd eur gbp aud sar gel inr
preis reduziert rabatt angebot rate anzahlung mwst prix remise offre promo prezzo sconto offerta precio oferta
descuento cena цена скидка торг
"""
PRICE_WORDS = frozenset(_PRICE_WORDS.split())
"""Of what is asked and how it is paid, never of the car."""

_LINK = re.compile(r"@|://|\bwww\.|\.(?:com?|net|org|info|biz|de|fr|it|es|ru|ge|in|au|uk|sa)(?:[/:?]|$)", re.I)
_CURRENCY = r"(?:[$£€¥₹₽₾₺₩﷼]|\b(?:usd|eur|gbp|aud|sar|gel|inr|chf|pln|aed|rs|dollars?|pounds?|euros?)\b)"
_AMOUNT = r"(?:\d[\d.,']{0,15}k?)"
_REFUSED = re.compile(
    rf"{_CURRENCY}\s?{_AMOUNT}|{_AMOUNT}\s?{_CURRENCY}"  # money
    r"|\+?\(?\d(?:[\s()/.-]{0,3}\d){7,20}"  # a telephone
    r"|\b[a-z]{2}\d{2}[a-z]{3}\b"  # a British number plate
    r"|\b\d{1,3}(?:[,.']\d{3}){1,5}",  # a number in groups of three
    re.IGNORECASE,
)
"""Every repetition has an end, so that no text of a caller takes long."""
_WORD = re.compile(r"\d{1,9}[.,]\d{1,9}|[^\W_]+|[^\w\s'(),/&+-]+")
_BREAK = " | "


class Term(NamedTuple):
    """A word or a pair: as it is learnt, as it is written, and its first word's place in the text."""

    key: str
    shown: str
    place: int
    is_pair: bool


def find_terms(text: str) -> list[Term]:
    """The words and pairs of a text, each once, a pair before its second word."""
    found: dict[str, Term] = {}
    before: tuple[str, str] | None = None
    for place, (key, word) in enumerate(_split(text)):
        if key and before:
            pair = f"{before[0]} {key}"
            found.setdefault(pair, Term(pair, f"{before[1]} {word}", place - 1, True))
        if key:
            found.setdefault(key, Term(key, word, place, False))
        before = (key, word) if key else None
    return list(found.values())


def find_keys(text: str) -> list[str]:
    """The same as they are learnt alone, in the same order."""
    found: dict[str, None] = {}
    before = ""
    for key, _ in _split(text):
        if key and before:
            found[f"{before} {key}"] = None
        if key:
            found[key] = None
        before = key
    return list(found)


def is_refused(key: str) -> bool:
    """Whether a word in small letters may not be learnt."""
    if not key[:1].isalnum() or len(key) > MAX_WORD or key in PRICE_WORDS:
        return True
    if key.isalpha():
        return False
    digits = sum(map(str.isdigit, key))
    if digits == len(key) - key.count("."):
        return digits > MAX_DIGITS
    return digits > MAX_CODE_DIGITS and len(key) > MAX_CODE


def _split(text: str) -> Iterator[tuple[str, str]]:
    """Each word in small letters, empty where it is refused, and as it is written."""
    straight = text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    parts = [_BREAK if _LINK.search(part) else part for part in straight.split()]
    for word in _WORD.findall(_REFUSED.sub(_BREAK, " ".join(parts))):
        key = word.casefold().replace(",", ".")
        yield ("" if is_refused(key) else key), word
