"""Text of others on a terminal or in a log."""


def escape_text(text: str) -> str:
    """The text with what is not printable written out: control characters move the cursor, or run a terminal's
    commands, and some marks turn the order of what follows around.
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)
