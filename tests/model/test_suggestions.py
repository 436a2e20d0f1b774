"""Suggestions for misspelled names."""

import random
import string

import pytest

from carprice.model.names.suggestions import MAX_SUGGESTIONS, Speller, fold

NAMES = ["Ford", "Fiat", "Audi", "BMW", "3 Series", "1 Series", "A3", "A4", "Citroën", "Mercedes-Benz", "Camry"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Frod", ("Ford",)),
        ("fords", ("Ford",)),
        ("Cammry", ("Camry",)),
        ("mercedes benz", ("Mercedes-Benz",)),
        ("  5   SERIES ", ("3 Series", "1 Series")),
        ("citroen", ("Citroën",)),
        ("A3 Sportback", ("A3",)),
        ("Audi A3", ("Audi", "A3")),
        ("BMW 3-series", ("3 Series", "BMW")),
        ("mercedes/benz", ("Mercedes-Benz",)),
        ("Lada", ()),
        ("", ()),
        ("?", ()),
        ("\x00\u2028\U0001f697", ()),
    ],
)
def test_suggestions(text: str, expected: tuple[str, ...]) -> None:
    assert Speller(NAMES).suggest(text)[: len(expected) or 1] == expected


def test_no_names_give_no_suggestions() -> None:
    assert Speller([]).suggest("Ford") == ()


def test_the_first_of_two_that_fold_alike_is_suggested() -> None:
    assert Speller(["Ka+", "KA+", "ka+ "]).suggest("Ka-")[0] == "Ka+"


def test_a_huge_text_is_cut_and_suggests_little() -> None:
    assert Speller(NAMES).suggest("Ford" * 1_000_000) == ()


def test_one_wrong_letter_among_thousands_of_names_is_mended() -> None:
    draw = random.Random(5)
    names = ["".join(draw.choices(string.ascii_lowercase, k=draw.randint(6, 12))) for _ in range(3000)]
    speller = Speller(names)
    for name in names[:500]:
        place = draw.randrange(len(name))
        found = speller.suggest(f"{name[:place]}#{name[place + 1 :]}")
        assert found[0] == name
        assert len(found) <= MAX_SUGGESTIONS


def test_folding() -> None:
    assert fold(" A  b\u00a0C ") == "a b c"
