"""carprice keys: the whole way, what it prints, and what it refuses."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from carprice.access.keys import digest_of, read_keys
from carprice.cli.main import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run a command in this process: exit code, stdout, stderr."""
    monkeypatch.setenv("CARPRICE_STACK_DIR", str(tmp_path))
    monkeypatch.setenv("CARPRICE_VAR_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("CARPRICE_API_KEYS", "./var/keys")

    def run_command(*argv: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["carprice", *argv])
        code = main()
        output = capfd.readouterr()
        return code, output.out, output.err

    return run_command


def test_the_life_of_a_key(run: Run, tmp_path: Path) -> None:
    code, out, err = run(
        "keys", "add", "dealer", "--scope", "price,feedback", "--rate", "50/s,900/day", "--until", "2999-12-31"
    )
    assert (code, err) == (0, "Made the key dealer for price, feedback; it is shown this once:\n")
    keys = {key.name: key for key in read_keys(tmp_path / "var" / "keys")}
    digest = digest_of(out.strip())
    assert keys["dealer"].sha256 == digest
    assert (tmp_path / "edge" / "run" / "rates.map").read_text() == f"{digest.upper()} 50:900\n"
    code, out, _ = run("keys", "list")
    rows = [line.split() for line in out.splitlines()]
    assert rows[0] == ["NAME", "SCOPES", "RATE", "UNTIL", "MADE", "STATE"]
    assert rows[1] == ["dealer", "price,", "feedback", "50/s,900/day", "2999-12-31", keys["dealer"].made, "good"]
    assert rows[2][0] == "carprice-internal"
    assert run("keys", "revoke", "dealer") == (0, "", "Revoked dealer\n")
    assert (tmp_path / "edge" / "run" / "rates.map").read_text() == ""
    listed = json.loads(run("keys", "list", "--json")[1])["data"]
    assert [key["name"] for key in listed] == ["carprice-internal"]


def test_json_has_the_key(run: Run, tmp_path: Path) -> None:
    data = json.loads(run("keys", "add", "a", "--json")[1])["data"]
    assert digest_of(data["key"]) == read_keys(tmp_path / "var" / "keys")[0].sha256
    assert (data["name"], data["scopes"], data["rate"], data["until"]) == ("a", ["price"], None, None)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("add", "a", "--until", "2020-01-01"), "Error: until: should be today or later (got 2020-01-01)\n"),
        (
            ("add", "a", "--rate", "5/h"),
            "Error: keys.json: a: rate: should be such as 50/s, 10000/day or 50/s,10000/day (got '5/h')\n",
        ),
        (("revoke", "a"), "Error: There is no key 'a'\nSee which there are: ./carprice keys list\n"),
    ],
)
def test_refusals(run: Run, words: tuple[str, ...], message: str) -> None:
    assert run("keys", *words) == (1, "", message)


@pytest.mark.parametrize("words", [("add", "a"), ("list",), ("revoke", "a")])
def test_without_the_setting(run: Run, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CARPRICE_API_KEYS")
    code, _, err = run("keys", *words)
    assert code == 1
    assert err == (
        "Error: CARPRICE_API_KEYS is not set, so the service asks for no keys\n"
        "Name a folder in .env, then start the service again: echo CARPRICE_API_KEYS=./var/keys >> .env\n"
    )
