"""How much a decoded text looks like words: the letters of one language, no two scripts in one word.

Encodings of one byte per letter cannot be told apart by their bytes alone: what is `Citroën` in one is `Citroлn`
in another. The alphabets are those of the Unicode CLDR's exemplar characters, without what ASCII has.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from itertools import pairwise

LABELS = {
    "cp1252": "windows-1252",
    "cp1251": "windows-1251",
    "cp1250": "windows-1250",
    "cp1254": "windows-1254",
    "cp1253": "windows-1253",
    "cp1257": "windows-1257",
    "cp1255": "windows-1255",
    "cp1256": "windows-1256",
    "koi8_r": "koi8-r",
    "cp866": "cp866",
    "cp932": "shift_jis",
    "euc_jp": "euc-jp",
    "gb18030": "gb18030",
    "big5": "big5",
    "cp949": "euc-kr",
}
"""The encodings that are looked for, by codec of Python's: the name that people know them by."""

_ALPHABETS = {
    "cp1252": (
        "àâæçéèêëîïôœùûüÿ",
        "äöüß",
        "áéíóúñü",
        "áâãàçéêíóôõú",
        "àèéìòù",
        "åäöé",
        "æøåé",
        "éëïóöü",
    ),
    "cp1250": (
        "ąćęłńóśźż",
        "áčďéěíňóřšťúůýž",
        "áäčďéíĺľňóôŕšťúýž",
        "áéíóöőúüű",
        "ăâîşţ",
        "čćđšž",
    ),
    "cp1254": ("çğıöşüâî",),
    "cp1257": ("ąčęėįšųūž", "āčēģīķļņšūž", "äöõüšž"),
    "cp1251": (
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
        "абвгдђежзијклљмнњопрстћуфхцчџш",
    ),
    "cp1253": ("αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋ",),
    "cp1255": ("אבגדהוזחטיךכלםמןנסעףפץצקרשת",),
    "cp1256": ("ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيپچژگ",),
}
_ALPHABETS["koi8_r"] = _ALPHABETS["cp866"] = _ALPHABETS["cp1251"][:1]

_USUAL = {
    "cp1251": "оеаинтсрвлкм",
    "koi8_r": "оеаинтсрвлкм",
    "cp866": "оеаинтсрвлкм",
    "cp1253": "αοιετσνηυρίό",
    "cp1255": "יוהלארתבשמנט",
    "cp1256": "اليمنرتوبدسع",
}
"""The dozen letters that make three quarters of a usual text."""

_KNOWN = frozenset(
    " ".join(
        (
            "citroën škoda mégane scénic coupé première boîte année modèle année état très essence größe türen",
            "grün weiß für schräghecklimousine año precio kilómetros automático híbrido eléctrico diésel preço",
            "quilómetros câmbio automática gasóleo più rocznik żółty łódź skrzynia biegów przebieg převodovka",
            "najeté černá červená bílá modrá stříbrná benzín fehér kék ezüst zöld ősz naftă benzină cutie manuală",
            "gümüş kırmızı düz yarı şahin doğan",
        )
    ).split()
)
"""Words that stand in car listings: where one is found, the text was read as it was written."""

LONE_LETTER = 0.3
BESIDE_ASCII = 0.3
KNOWN_WORD, MAX_KNOWN = 0.2, 0.6
_FAMILIAR = {"cp1257": 0.9}
"""The Baltic letters explain nearly every byte, and are rare."""

_SYMBOLS = frozenset("€£¥¢°½¼¾²³®™©§±×–—‘’“”„…•«»·\xa0№")
_IDEOGRAPHS = frozenset({"CJK", "HIRAGANA", "KATAKANA"})
# The lead bytes of the common characters, which the standards put first.
_COMMON_LEADS = {
    "cp932": (0x81, 0x97),
    "euc_jp": (0xA1, 0xCF),
    "gb18030": (0xA1, 0xD7),
    "big5": (0xA1, 0xC6),
    "cp949": (0xA1, 0xC8),
}
_INSIDE = re.compile(r"[^\W\d_][€£¥¢°½¼¾²³®™©§±×‘“”„…•«»][^\W\d_]")
_WORD = re.compile(r"[^\s\x00-\x40\[-`{-\x7f]+")


def rate_text(text: str, codec: str) -> float:
    """How plausible the words that are not ASCII are, each counted once, as this codec reads them.

    From 0 to 1, and up to MAX_KNOWN more where words are known.
    """
    return _rate_words(_find_words(text), codec)


def compare_texts(one: tuple[str, str], other: tuple[str, str]) -> float:
    """How much more plausible the first text and codec are than the second, by the words that differ."""
    first, second = _find_words(one[0]), _find_words(other[0])
    return _rate_words(first - second, one[1]) - _rate_words(second - first, other[1])


def _find_words(text: str) -> set[str]:
    return {word for word in _WORD.findall(text) if not word.isascii()}


def _rate_words(words: set[str], codec: str) -> float:
    if not words:
        return 0.0
    if codec in _COMMON_LEADS:
        return _mean(_rate_multibyte(word, codec) for word in words)
    rated = max(_mean(_rate_word(word, alphabet) for word in words) for alphabet in _ALPHABETS[codec])
    known = sum(word.lower() in _KNOWN for word in words)
    return rated * _rate_frequency(words, codec) * _FAMILIAR.get(codec, 1.0) + min(KNOWN_WORD * known, MAX_KNOWN)


def _rate_word(word: str, alphabet: str) -> float:
    """Whether a word's letters are of one script and in the alphabet, and its symbols usual ones."""
    if word.lower() in _KNOWN:
        return 1.0
    letters = [mark for mark in word if mark.isalpha()]
    others = [mark for mark in word if not mark.isalpha() and not mark.isascii()]
    if any(mark not in _SYMBOLS for mark in others) or _INSIDE.search(word):
        return 0.0
    high = [mark for mark in letters if not mark.isascii()]
    if not high:
        return 1.0
    if len({_script(mark) for mark in letters}) > 1:
        return 0.0
    if len(letters) == 1:
        return LONE_LETTER
    if any(first.islower() and second.isupper() for first, second in pairwise(letters)):
        return 0.0
    return sum(mark.lower() in alphabet for mark in high) / len(high)


def _rate_frequency(words: set[str], codec: str) -> float:
    """Below 1 where a text of another script has too few of its usual letters."""
    if codec not in _USUAL:
        return 1.0
    letters = [mark.lower() for word in words for mark in word if mark.isalpha() and not mark.isascii()]
    if not letters:
        return 1.0
    share = sum(mark in _USUAL[codec] for mark in letters) / len(letters)
    return min(1.0, 0.4 + 0.75 * share)


def _rate_multibyte(word: str, codec: str) -> float:
    """The share of a word's characters that are common ones; a lone half of a pair spells nothing."""
    first, last = _COMMON_LEADS[codec]
    marks = [mark for mark in word if not mark.isascii()]
    scripts = {"JAPANESE" if _script(mark) in _IDEOGRAPHS else _script(mark) for mark in marks}
    if len(scripts) > 1 or scripts & {"HALFWIDTH", "LATIN", "CYRILLIC", "GREEK"}:
        return 0.0
    common = 0
    for mark in marks:
        data = mark.encode(codec, "replace")
        common += len(data) == 2 and first <= data[0] <= last
    has_ascii = any(mark.isalpha() and mark.isascii() for mark in word)
    return common / len(marks) * (BESIDE_ASCII if has_ascii else 1.0)


@cache
def _script(mark: str) -> str:
    return unicodedata.name(mark, "UNKNOWN").split(" ")[0].split("-")[0]


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found)
