"""HTML entities in cells."""

from collections.abc import Callable
from pathlib import Path

import pytest

from carprice.listings.reading.entities import unescape_text
from carprice.listings.reading.listings_file import ENTITIES_READ, ListingsFile

Write = Callable[..., Path]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Citro&euml;n", "Citroën"),
        ("Kia Cee&#039;d", "Kia Cee'd"),
        ("Town &amp; Country", "Town & Country"),
        ("Town &amp;amp; Country", "Town & Country"),
        ("42,000&nbsp;km", "42,000 km"),
        ("&#x20AC;&#160;9,500", "€ 9,500"),
        ("https://a.example/?id=1&copy=2&lt=3", "https://a.example/?id=1&copy=2&lt=3"),
        ("&nosuchthing;", "&nosuchthing;"),
        ("R&B; fine", "R&B; fine"),
    ],
)
def test_what_entities_stand_for(text: str, meant: str) -> None:
    assert unescape_text(text) == meant


def test_cells_of_a_file(write_file: Write) -> None:
    file = ListingsFile(write_file("make,model,price\nCitro&euml;n,C4,&euro; 900\nBMW,X5,\nBMW,X5,800\n"))
    (batch,) = file.read_batches()
    assert batch["make"].to_list() == ["Citroën", "BMW", "BMW"]
    assert batch["price"].to_list()[0] == "€ 900"
    assert ENTITIES_READ in file.notes


def test_a_file_without_them_is_read_as_it_is(write_file: Write) -> None:
    file = ListingsFile(write_file("make,model,price\nM&M,https://a.example/?a=1&lt=2,900\n"))
    (batch,) = file.read_batches()
    assert batch.row(0) == ("M&M", "https://a.example/?a=1&lt=2", "900")
    assert not file.notes
