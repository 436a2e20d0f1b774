"""Versions that are of a series, and series that are named in another way."""

import pytest

from carprice.model.names.series_names import Name, SeriesNames, read_name


@pytest.mark.parametrize(
    ("text", "series", "version"),
    [
        ("3 Series", "3", ""),
        ("3er", "3", ""),
        ("3-er Reihe", "3", ""),
        ("The 3", "3", ""),
        ("Série 3", "3", ""),
        ("3 серия", "3", ""),
        ("c_klasse", "c", ""),
        ("Classe C", "c", ""),
        ("GLC", "glc", ""),
        ("x_reihe", "x", ""),
        ("320d", "3", "320"),
        ("320 d xDrive", "3", "320"),
        ("M135i", "1", "135"),
        ("C220", "c", "220"),
        ("C 220 CDI", "c", "220"),
        ("GLC250d", "glc", "250"),
        ("X5 3.0d", "x", "5"),
        ("RX-350", "rx", "350"),
    ],
)
def test_names_of_a_series(text: str, series: str, version: str) -> None:
    assert read_name(text) == Name(series, version)


@pytest.mark.parametrize("text", ["Golf", "2008", "1.6", "S-Max", "AMG GT", "", "9-3", "\N{AUTOMOBILE}"])
def test_names_of_no_series(text: str) -> None:
    assert read_name(text) is None


@pytest.mark.parametrize(
    ("models", "text", "meant"),
    [
        (["3 Series", "1 Series", "X3"], "320d", "3 Series"),
        (["3 Series", "1 Series", "X3"], "3er", "3 Series"),
        (["3er", "5er", "x_reihe"], "520d Touring", "5er"),
        (["3er", "5er", "x_reihe"], "X3", "x_reihe"),
        (["C Class", "CL Class", "E Class"], "C220 CDI", "C Class"),
        (["C", "E", "GLC"], "GLC 250", "GLC"),
        (["C", "E", "GLC"], "C-Klasse", "C"),
        (["318", "320", "520"], "3 Series", "320"),
        (["C 180", "C 200", "E 220"], "C-Class", "C 200"),
        (["318", "320", "520"], "328i", None),
        (["XC60", "XC90", "XC"], "XC40", None),
        (["X3", "X5"], "X", None),
        (["X3", "X5"], "X1", None),
        (["3 Series", "3 Series Gran Turismo"], "530d", None),
        (["Golf"], "Golf 6", None),
    ],
)
def test_the_series_of_a_version(models: list[str], text: str, meant: str | None) -> None:
    """Of more listings the further behind."""
    names = SeriesNames((model, rows, float(rows)) for rows, model in enumerate(models))
    found = names.find(text)
    assert (None if found is None else models[int(found)]) == meant
