"""How the text of a column is read, by kind."""

from carprice.listings.parsing import PARSERS
from carprice.market.kinds import KINDS


def test_every_kind_has_its_parser() -> None:
    assert set(PARSERS) == set(KINDS)
