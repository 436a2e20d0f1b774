"""Texts of any script in one form, before numbers and days are read from them."""

import re
import unicodedata

_SPACES = re.compile(r"[\s\u00a0\u2009\u202f]+")


def tidy_text(text: str) -> str:
    """The text with digits of any script as 0-9, full-width letters as usual ones, and single plain spaces."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.replace("³", "3").replace("²", "2"))
        text = "".join(
            str(unicodedata.digit(mark)) if mark.isdigit() and not mark.isascii() else mark for mark in text
        )
        text = text.replace("٫", ".").replace("٬", ",").replace("−", "-")
    return _SPACES.sub(" ", text).strip()
