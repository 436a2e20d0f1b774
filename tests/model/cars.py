"""Cars to price in tests."""

from typing import Any

UK_CAR: dict[str, Any] = {
    "make": "Ford",
    "model": "Fiesta",
    "year": 2017,
    "transmission": "Manual",
    "mileage": 15944,
    "fuel": "Petrol",
    "tax": 150,
    "mpg": 57.7,
    "engine_size": 1.0,
}
UK_VALUES = ["Ford", "Fiesta", 2017.0, "Manual", 15944.0, "Petrol", 150.0, 57.7, 1.0]

DATED_CAR: dict[str, Any] = {
    "make": "Audi",
    "colour": "black",
    "registered": "2015-03-01",
    "inspected": "2019-03-01",
    "leather": True,
    "towbar": False,
    "mileage": 40_000,
    "seats": 5,
}
DATED_VALUES = ["Audi", "black", 16495.0, 17956.0, 1.0, 0.0, 40_000.0, 5.0]

TITLED_CAR: dict[str, Any] = {
    "make": "BMW",
    "model": "3 Series",
    "year": 2017,
    "title": "2017 BMW 3 Series M Sport",
    "mileage": 40_000,
}


def change(car: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The car with other values; ... leaves the field out."""
    return {name: value for name, value in {**car, **fields}.items() if value is not ...}
