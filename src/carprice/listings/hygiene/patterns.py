"""How the words of sellers become regular expressions, without look-around, for texts in lower case."""

START, END = r"(?:^|[^\p{L}\d])", r"(?:$|[^\p{L}\d])"


def any_of(*words: str) -> str:
    """Any of the words, as a word of its own."""
    return f"{START}(?:{'|'.join(words)}){END}"


def whole_of(*words: str) -> str:
    """Any of the words and nothing else, but for marks around it."""
    return rf"^[^\p{{L}}\d]*(?:{'|'.join(words)})[^\p{{L}}\d]*$"


YES = whole_of(
    r"yes",
    r"y",
    r"true",
    r"t",
    r"1",
    r"1\.0",
    r"ja",
    r"j",
    r"oui",
    r"s[íi]",
    r"sim",
    r"tak",
    r"да",
    r"evet",
    r"kyllä",
    r"ano",
    r"igen",
)
"""What says that a thing named by its column is so."""
