import pytest

from carprice.cli.commands.service.status import COLUMNS, format_duration, format_row
from carprice.ops.lifecycle import State
from carprice.ops.status import ServiceStatus
from carprice.system.tables import format_table

MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (59, "59s"),
        (60, "1m 0s"),
        (3_599, "59m 59s"),
        (3_600, "1h 0m"),
        (86_399, "23h 59m"),
        (86_400, "1d 0h"),
        (200_000, "2d 7h"),
    ],
)
def test_durations(seconds: int, text: str) -> None:
    assert format_duration(seconds) == text


def test_the_table() -> None:
    api, mlflow = "car-price-api", "mlflow-server"
    rows = [
        ServiceStatus(mlflow, mlflow, State.CRASHED, restarts=3, port=5001),
        ServiceStatus(
            api, f"{api}-1", State.SERVING, "healthy", "", 0, "r2", "20261123T124500Z", 42, 55 * MIB, 5000, 812
        ),
    ]
    assert format_table([COLUMNS, *(format_row(row) for row in rows)]) == (
        "SERVICE          STATE    HEALTH   RESTARTS  RELEASE  MODEL             UPTIME  MEMORY  PORT\n"
        "mlflow-server    Crashed  -        3         -        -                 -       -       5001\n"
        "car-price-api-1  Serving  healthy  0         r2       20261123T124500Z  42s     55 MB   5000"
    )
