"""carprice feedback: files of every form, what is wrong in them, exports that go in again, erasure."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.tiny import write_tiny

from carprice.cli.main import main

Run = Callable[..., tuple[int, str, str]]
CAR = {"make": "Ford", "year": 2020, "mileage": 50_000}
SOLD = {"listing": CAR, "price": 9000, "kind": "sold", "day": "2020-06-01"}


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run the command in this process, over a tiny bundle: exit code, stdout, stderr."""
    for name in ("artifacts", "var", "logs"):
        monkeypatch.setenv(f"CARPRICE_{name.upper()}_DIR", str(tmp_path / name))
    write_tiny(tmp_path / "artifacts")

    def run_command(*argv: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["carprice", "feedback", *map(str, argv)])
        code = main()
        output = capfd.readouterr()
        return code, output.out, output.err

    return run_command


def as_lines(*rows: Any) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)


FORMS = {
    "lines": as_lines(SOLD, {**SOLD, "kind": "listed"}),
    "list": json.dumps([SOLD, {**SOLD, "kind": "listed"}]),
    "csv": "price,kind,day,make,year,mileage,leather\n9000,sold,2020-06-01,Ford,2020,50000,\n"
    "9000,listed,2020-06-01,Ford,2020,50000,\n",
    "csv with a byte order mark": "\ufeffmake,year,mileage,price,kind,day\nFord,2020,50000,9000,sold,2020-06-01\n"
    "Ford,2020,50000,9000,listed,2020-06-01\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_the_same_feedback(run: Run, write_file: Callable[..., Path], form: str) -> None:
    path = write_file(FORMS[form])
    assert run(path) == (0, "", "Kept 2 new prices; 0 were kept already\n")
    assert run(write_file(FORMS["lines"])) == (0, "", "Kept 0 new prices; 2 were kept already\n")


def test_an_export_goes_in_again(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text(as_lines(SOLD, {"request_id": "r1", "price": 7000, "kind": "sold"}))
    note = "Note: of 1 no model price is known: their requests are not in the sample\n"
    assert run(tmp_path / "in.jsonl") == (0, "", f"Kept 2 new prices; 0 were kept already\n{note}")
    code, text, _ = run("--export")
    first, second = (json.loads(line) for line in text.splitlines())
    assert (code, first["listing"], first["price"]) == (0, CAR, 9000.0)
    assert first["answer"]["low"] < first["answer"]["price"] < first["answer"]["high"]
    assert (second["request_id"], "answer" in second) == ("r1", False)
    assert run("--export", "--output", tmp_path / "out.jsonl")[0] == 0
    assert run("--erase", first["id"]) == (0, "", f"Erased 1 entries of {first['id']}\n")
    assert run("--erase", "r1") == (0, "", "Erased 1 entries of r1\n")
    assert run("--export") == (0, "", "")
    assert run(tmp_path / "out.jsonl")[2].startswith("Kept 2 new prices; 0 were kept already\n")


def test_a_request_is_found_in_the_sample(run: Run, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    answer = {"price": 10_000, "low": 9_000, "high": 11_000}
    sample = {"request_id": "r1", "model_version": "20200101T000000Z", "listing": CAR, "answer": answer}
    (tmp_path / "logs" / "requests.jsonl").write_text(f"{as_lines(sample)}torn")
    (tmp_path / "in.jsonl").write_text(as_lines({"request_id": "r1", "price": 7000, "kind": "sold"}))
    assert run(tmp_path / "in.jsonl") == (0, "", "Kept 1 new prices; 0 were kept already\n")
    assert json.loads(run("--export")[1])["answer"] == {"model_version": "20200101T000000Z", **answer}


def test_rows_that_are_wrong_are_named_and_the_others_kept(run: Run, write_file: Callable[..., Path]) -> None:
    path = write_file(
        "price,kind,day,make,year\n9000,sold,,Ford,2020\n9000,gone,,Ford,2020\nx,sold,,Ford,2020\n9000,sold,,Ford,old\n"
    )
    code, _, said = run(path)
    assert (code, said) == (
        1,
        "Kept 1 new prices; 0 were kept already\n"
        f"Error: {path}: 3 rows were refused: row 2: kind: should be sold or listed; "
        "row 3: price: should be a number (got 'x'); row 4: year: should be a whole number (got 'old')\n"
        f"Correct them, then run it again: ./carprice feedback {path}\n",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[{]", "is not JSON (Expecting property name"),
        ("a,b\n1,2\n", "should have columns price and kind (got 'a, b')"),
        (as_lines(SOLD) + "{torn", "1 rows were refused: row 2: is not JSON"),
        (as_lines({**SOLD, "price": 1}), "row 1: price: should be a number from 100 to 1000000 EUR"),
        ("\udcff", "is not UTF-8 at byte 0"),
    ],
)
def test_a_file_that_is_wrong_is_named(run: Run, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "in").write_bytes(text.encode(errors="surrogateescape"))
    code, _, error = run(tmp_path / "in")
    assert code == 1
    assert said in error


def test_a_missing_file_is_named(run: Run, tmp_path: Path) -> None:
    assert run(tmp_path / "no")[2].startswith(f"Error: {tmp_path / 'no'}: cannot be read (No such file")


def test_one_thing_is_asked_for(run: Run, tmp_path: Path) -> None:
    for argv in ((), ("--export", "--erase", "r1"), (tmp_path, "--export")):
        assert run(*argv)[2].endswith("Error: Give a FILE, or --export, or --erase ID.\n")


def test_json_says_what_was_kept(run: Run, write_file: Callable[..., Path]) -> None:
    data = json.loads(run(write_file(FORMS["list"]), "--json")[1])["data"]
    assert data == {"new": 2, "known": 0, "unanswered": 0, "refused": {}}
