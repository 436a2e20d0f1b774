from carprice.system.tables import format_table

ROWS = [("NAME", "ROWS", "NOTE"), ("one", "7", "long enough")]


def test_columns_of_equal_width() -> None:
    assert format_table(ROWS, right=(1,)) == "NAME  ROWS  NOTE\none      7  long enough"


def test_spare_columns_go_one_by_one_until_a_line_fits() -> None:
    whole = max(map(len, format_table(ROWS).splitlines()))
    assert format_table(ROWS, spare=(2, 1), room=whole) == format_table(ROWS)
    assert format_table(ROWS, spare=(2, 1), room=whole - 1) == "NAME  ROWS\none   7"
    assert format_table(ROWS, spare=(2, 1), room=5) == "NAME\none"


def test_without_a_terminal_nothing_is_spared() -> None:
    assert format_table(ROWS, spare=(2, 1)) == format_table(ROWS)
