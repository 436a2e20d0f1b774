"""Encoding: bit-equal to training's, forgiving in spelling, and honest about what training never saw."""

import math
import struct
from pathlib import Path
from typing import Any

import pytest
from tests.bundles import dated_market, invent_dated_listings, invent_uk_listings
from tests.model.cars import DATED_VALUES, UK_VALUES

from carprice.errors import BundleError
from carprice.frames.encoding import encode_frame, fit_encoders
from carprice.market.market_file import load_market
from carprice.model.encoding import Encoder
from carprice.model.input_warnings import InputWarning
from carprice.model.names.category_codes import category_codes, find_code
from carprice.model.pricer import Pricer


def as_bits(row: list[float]) -> bytes:
    return struct.pack(f"{len(row)}d", *row)


@pytest.mark.parametrize("name", ["uk", "dated"])
def test_rows_equal_training_to_the_last_bit(name: str, markets_dir: Path) -> None:
    market = load_market("uk", markets_dir) if name == "uk" else dated_market()
    frame = invent_uk_listings(market) if name == "uk" else invent_dated_listings()
    encoders, scaler = fit_encoders(frame, market)
    matrix = encode_frame(frame, market, encoders, scaler)
    encoder = Encoder(market, encoders, scaler)
    for values, expected in zip(frame.drop("price").iter_rows(), matrix.tolist(), strict=True):
        row, in_range = encoder.encode(values)
        assert as_bits(row) == as_bits(expected)
        assert in_range
        assert encoder.find_warnings(values) == ()


def test_values_stay_as_they_were(pricer: Pricer) -> None:
    values = list(UK_VALUES)
    pricer.encoder.encode(values)
    assert values == UK_VALUES


@pytest.mark.parametrize("make", ["ford", "FORD", "FoRd"])
@pytest.mark.parametrize("model", ["fiesta", "FIESTA"])
def test_case_does_not_matter(pricer: Pricer, make: str, model: str) -> None:
    assert pricer.encoder.encode([make, model, *UK_VALUES[2:]]) == pricer.encoder.encode(UK_VALUES)


def test_spaces_do_not_matter(pricer: Pricer) -> None:
    usual = ["BMW", "3 Series", *UK_VALUES[2:]]
    for model in ("3  series", " 3 SERIES ", "3\tSeries"):
        assert pricer.encoder.encode(["bmw", model, *UK_VALUES[2:]]) == pricer.encoder.encode(usual)


def test_exact_text_wins_over_folded() -> None:
    codes = category_codes(["a3", "A3", "A4", "Straße"])
    assert [codes[text] for text in ("a3", "A3", "A4", "a4", "Straße", "strasse")] == [0, 1, 2, 2, 3, 3]
    assert math.isnan(codes[None])


MAKES = ["Citroën", "Land-Rover", "Mercedes-Benz", "Volkswagen", "ВАЗ (Lada)", "УАЗ", "Škoda"]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("citroen", "Citroën"),
        ("Land Rover", "Land-Rover"),
        ("landrover", "Land-Rover"),
        ("Mercedes Benz", "Mercedes-Benz"),
        ("Mercedes", "Mercedes-Benz"),
        ("VW", "Volkswagen"),
        ("Lada", "ВАЗ (Lada)"),
        ("ваз", "ВАЗ (Lada)"),
        ("SKODA", "Škoda"),
    ],
)
def test_a_make_is_known_however_it_is_written(text: str, meant: str) -> None:
    assert MAKES[int(find_code(category_codes(MAKES, "make"), text))] == meant


@pytest.mark.parametrize("text", ["", "-", "Skodaa", "Rover", "Ford", "Land+Rover", "Citro\x00en"])
def test_another_make_is_not(text: str) -> None:
    assert math.isnan(find_code(category_codes(MAKES, "make"), text))


def test_other_names_are_those_of_makes_alone() -> None:
    assert math.isnan(find_code(category_codes(["Volkswagen"], "model"), "VW"))
    both = category_codes(["Volkswagen", "VW"], "make")
    assert (find_code(both, "vw"), find_code(both, "Volkswagen")) == (1.0, 0.0)


def test_what_stands_in_brackets_behind_a_model_may_be_left_out() -> None:
    codes = category_codes(["2114 (хэтчбек)", "Camry (XV50)", "Camry (XV70)"], "model")
    assert find_code(codes, "2114") == 0.0
    assert math.isnan(find_code(codes, "Camry")), "there are two"
    assert math.isnan(find_code(codes, "XV50"))


def test_marks_that_tell_values_apart_count() -> None:
    codes = category_codes(["30", "9-3", "C-Class", "C Class", "F-150", "2.0 TDI"])
    assert math.isnan(find_code(codes, "3.0"))
    assert math.isnan(find_code(codes, "93"))
    assert math.isnan(find_code(codes, "CClass")), "two are written so"
    assert [find_code(codes, text) for text in ("9 3", "f150", "2.0TDI", "C class")] == [1.0, 4.0, 5.0, 3.0]


def test_values_by_other_words_and_by_their_beginning() -> None:
    fuels = category_codes(["Gasoline", "Dizel", "Elektro", "Plug-in Hybrid", "Mild Hybrid"], "fuel")
    assert [find_code(fuels, text) for text in ("Petrol", "diesel", "EV", "Benzín")] == [0.0, 1.0, 2.0, 0.0]
    assert math.isnan(find_code(fuels, "hybrid")), "of two kinds, neither called so"
    both = category_codes(["Petrol", "Benzin"], "fuel")
    assert (find_code(both, "petrol"), find_code(both, "BENZIN")) == (0.0, 1.0)
    assert math.isnan(find_code(both, "gasoline"))
    boxes = category_codes(["Automatic Transmission", "Manual Transmission"], "transmission")
    assert [find_code(boxes, text) for text in ("Automatic", "auto", "MT", "manual")] == [0.0, 0.0, 1.0, 1.0]
    specs = category_codes(["GCC Specs", "North American Specs", "North Asian Specs"], "specs")
    assert find_code(specs, "gcc") == 0.0
    assert math.isnan(find_code(specs, "North")), "two begin so"
    assert math.isnan(find_code(category_codes(["3 Series"], "model"), "3"))


UNKNOWN = "unknown_category"
OUTSIDE = "outside_training_range"
NOT_SEEN = "was not among the training listings"
BEYOND = "is outside the training listings, which go"


@pytest.mark.parametrize(
    ("index", "value", "expected"),
    [
        (0, "Fird", InputWarning("#/make", UNKNOWN, f"{NOT_SEEN}; did you mean 'Ford'?", ("Ford",))),
        (0, "fords", InputWarning("#/make", UNKNOWN, f"{NOT_SEEN}; priced as 'Ford'", ("Ford",))),
        (0, "Lada", InputWarning("#/make", UNKNOWN, NOT_SEEN, ())),
        (0, "Fo\x00rd", InputWarning("#/make", UNKNOWN, f"{NOT_SEEN}; priced as 'Ford'", ("Ford",))),
        (1, "4 series", InputWarning("#/model", UNKNOWN, NOT_SEEN, ())),
        (1, "Fiestaa", InputWarning("#/model", UNKNOWN, f"{NOT_SEEN}; priced as 'Fiesta'", ("Fiesta",))),
        (2, 1985.0, InputWarning("#/year", OUTSIDE, f"{BEYOND} from 2005 to 2020", ())),
        (2, 2021.0, InputWarning("#/year", OUTSIDE, f"{BEYOND} from 2005 to 2020", ())),
        (6, 999.0, InputWarning("#/tax", OUTSIDE, f"{BEYOND} from 0 to 150 GBP", ())),
    ],
)
def test_warnings(pricer: Pricer, index: int, value: Any, expected: InputWarning) -> None:
    values = [*UK_VALUES[:index], value, *UK_VALUES[index + 1 :]]
    _, in_range = pricer.encoder.encode(values)
    assert not in_range
    assert pricer.encoder.find_warnings(values) == (expected,)


@pytest.mark.parametrize("make", ["BMW", "BMW AG"])
def test_a_suggested_model_is_of_the_make_or_of_what_it_may_mean(pricer: Pricer, make: str) -> None:
    *_, warning = pricer.encoder.find_warnings([make, "4 series", *UK_VALUES[2:]])
    assert warning.suggestions[0] == "3 Series"


def test_a_category_of_few_values_names_them_where_none_is_like_it(pricer: Pricer) -> None:
    [warning] = pricer.encoder.find_warnings([*UK_VALUES[:3], "Xyzzy", *UK_VALUES[4:]])
    assert warning.detail.startswith(f"{NOT_SEEN}, which have ")
    assert "Manual" in warning.detail.split("which have ")[1].split(", ")


def test_an_unknown_category_is_missing_to_the_trees(pricer: Pricer) -> None:
    row, _ = pricer.encoder.encode(["Lada", *UK_VALUES[1:]])
    assert math.isnan(row[0])


def test_warnings_come_in_feature_order(pricer: Pricer) -> None:
    values = ["Lada", "Fiesta", 1985.0, "Manual", 15944.0, "Steam", 150.0, 57.7, 9.0]
    assert [warning.field for warning in pricer.encoder.find_warnings(values)] == [
        "make",
        "year",
        "fuel",
        "engine_size",
    ]


def test_a_value_at_the_edge_of_training_is_in_range(pricer: Pricer) -> None:
    for year in (2005.0, 2020.0):
        _, in_range = pricer.encoder.encode([*UK_VALUES[:2], year, *UK_VALUES[3:]])
        assert in_range


def test_missing_values_are_in_range(pricer: Pricer, dated_pricer: Pricer) -> None:
    row, in_range = pricer.encoder.encode([*UK_VALUES[:6], None, None, None])
    assert in_range
    assert all(map(math.isnan, row[6:]))
    row, in_range = dated_pricer.encoder.encode(["Audi", None, 16495.0, None, 1.0, None, 40_000.0, None])
    assert in_range
    assert [math.isnan(number) for number in row] == [False, True, False, True, False, True, False, True]


def test_dates_outside_training_are_shown_as_dates(dated_pricer: Pricer) -> None:
    values = [*DATED_VALUES[:2], 20_000.0, *DATED_VALUES[3:]]
    seen = "from 2009-07-26 to 2020-06-30"
    detail = f"is outside the training listings, which go {seen}"
    assert dated_pricer.encoder.find_warnings(values) == (InputWarning("#/registered", OUTSIDE, detail, ()),)


@pytest.mark.parametrize(("seen", "value", "word"), [(0.0, 1.0, "true"), (1.0, 0.0, "false")])
def test_a_flag_that_training_never_saw(dated_pricer: Pricer, seen: float, value: float, word: str) -> None:
    figures = {**dated_pricer.scaler["leather"], "min": seen, "max": seen}
    encoder = Encoder(dated_pricer.market, dated_pricer.encoders, {**dated_pricer.scaler, "leather": figures})
    values = [*DATED_VALUES[:4], value, *DATED_VALUES[5:]]
    detail = f"was {word} in none of the training listings"
    assert encoder.find_warnings(values) == (InputWarning("#/leather", OUTSIDE, detail, ()),)


@pytest.mark.parametrize(("part", "name"), [("encoders", "make"), ("scaler", "mileage")])
def test_a_feature_that_was_not_fitted_is_refused(pricer: Pricer, part: str, name: str) -> None:
    fitted = {"encoders": pricer.encoders, "scaler": pricer.scaler}
    fitted[part] = {key: value for key, value in fitted[part].items() if key != name}  # type: ignore[assignment]
    with pytest.raises(BundleError) as error:
        Encoder(pricer.market, fitted["encoders"], fitted["scaler"])
    assert error.value.what == f"{part}.pkl: has nothing for feature '{name}'"


def test_makes_of_the_same_cars_mean_each_other_unless_a_file_has_both() -> None:
    one, both = category_codes(["Ford", "Vauxhall"], "make"), category_codes(["Opel", "Vauxhall"], "make")
    assert find_code(one, "OPEL") == 1.0
    assert (find_code(both, "opel"), find_code(both, "VAUXHALL")) == (0.0, 1.0)


@pytest.mark.parametrize("text", ["VW Volkswagen", "vw", "Volkswagen", "VOLKSWAGEN"])
def test_a_make_that_is_named_twice(text: str) -> None:
    assert find_code(category_codes(["Audi", "VW Volkswagen"], "make"), text) == 1.0


def test_no_make_is_the_only_one() -> None:
    assert category_codes(["Perodua"], "make")[None] == 0.0
    assert math.isnan(category_codes(["Perodua", "Proton"], "make")[None])
    assert math.isnan(category_codes(["Myvi"], "model")[None]), "another model is one too"


@pytest.mark.parametrize(
    ("feature", "values", "text", "meant"),
    [
        ("make", ["טויוטה", "קיה"], "Toyota", 0),
        ("make", ["Toyota", "Kia"], "كيا", 1),
        ("make", ["现代", "起亚"], "Hyundai", 0),
        ("fuel", ["Електро", "Дизель"], "electric", 0),
        ("fuel", ["휘발유", "디젤"], "Diesel", 1),
        ("transmission", ["Автоматична", "Ручна"], "manual", 1),
    ],
)
def test_names_in_other_scripts(feature: str, values: list[str], text: str, meant: int) -> None:
    assert find_code(category_codes(values, feature), text) == meant
