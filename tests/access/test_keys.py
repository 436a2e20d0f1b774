"""The file of keys: what is kept, what is refused, several writers, the stack's own key."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from carprice.access.internal_key import INTERNAL_FILE, INTERNAL_NAME, ensure_internal_key, read_internal_key
from carprice.access.keys import KEYS_FILE, PREFIX, add_key, digest_of, read_keys, revoke_key
from carprice.access.scopes import ADMIN, FEEDBACK, PRICE, SCOPES, find_scope
from carprice.errors import CarPriceError, KeysError

DIGEST = "0" * 64
GOOD: dict[str, Any] = {"name": "a", "sha256": DIGEST, "scopes": ["price"]}


def test_a_key_is_kept_as_its_digest_alone(tmp_path: Path) -> None:
    secret, key = add_key(tmp_path / "keys", "dealer", ["price", "feedback"], "50/s", "2027-12-31")
    text = (tmp_path / "keys" / KEYS_FILE).read_text()
    assert secret.startswith(PREFIX)
    assert len(secret) - len(PREFIX) == 43, "32 bytes in base64"
    assert secret not in text
    assert secret.removeprefix(PREFIX) not in text
    assert read_keys(tmp_path / "keys") == [key]
    assert (key.sha256, key.limits.per_second, key.ends_at) == (digest_of(secret), 50, 1830297600.0)
    assert stat.S_IMODE((tmp_path / "keys" / KEYS_FILE).stat().st_mode) == 0o644, "the service may be another user"


def test_no_two_keys_are_alike(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda number: add_key(tmp_path, f"k{number}", ["price"])[0], range(12)))
    assert len(set(made)) == 12
    assert {key.sha256 for key in read_keys(tmp_path)} == set(map(digest_of, made)), "no writer lost another's"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name": "a b"}, "'a b' is no name: letters, digits, dots, dashes; at most 64"),
        ({"name": ""}, "'' is no name"),
        ({"scopes": []}, "keys.json: b: scopes: should be some of price, feedback, admin (got none)"),
        (
            {"scopes": ["price", "all"]},
            "keys.json: b: scopes: should be some of price, feedback, admin (got price",
        ),
        ({"rate": "5/m"}, "keys.json: b: rate: should be such as 50/s, 10000/day or 50/s,10000/day (got '5/m')"),
        ({"until": "soon"}, "keys.json: b: until: should be a day such as 2027-12-31 (got 'soon')"),
        ({"until": "9999-12-31"}, "keys.json: b: until: should be a day such as 2027-12-31 (got '9999-12-31')"),
        ({"name": "a"}, "There is a key 'a' already\nRevoke it first: ./carprice keys revoke a"),
    ],
)
def test_keys_that_are_not_made(tmp_path: Path, values: dict[str, Any], message: str) -> None:
    add_key(tmp_path, "a", ["price"])
    with pytest.raises(KeysError) as found:
        add_key(tmp_path, **{"name": "b", "scopes": ["price"], **values})
    assert str(found.value).startswith(message)
    assert [key.name for key in read_keys(tmp_path)] == ["a"]


def test_revoking(tmp_path: Path) -> None:
    add_key(tmp_path, "a", ["price"])
    assert revoke_key(tmp_path, "a").name == "a"
    assert read_keys(tmp_path) == []
    with pytest.raises(KeysError, match=r"There is no key 'a'\nSee which there are: \./carprice keys list"):
        revoke_key(tmp_path, "a")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "format: should be 1 (got None)"),
        ('{"format": 2, "keys": []}', "format: should be 1 (got 2)"),
        ('{"format": 1}', "keys.json: keys is missing"),
        (json.dumps({"format": 1, "keys": [{**GOOD, "sha256": "00"}]}), "keys.json: keys[0].sha256"),
        (
            json.dumps({"format": 1, "keys": [{**GOOD, "scope": "price"}]}),
            "keys.json: keys[0]: 'scope' is not a key here",
        ),
        (json.dumps({"format": 1, "keys": [{**GOOD, "scopes": ["x"]}]}), "keys.json: a: scopes"),
        (json.dumps({"format": 1, "keys": [{**GOOD, "rate": "x"}]}), "keys.json: a: rate"),
        (" " * (4 << 20) + "{}", "should have at most 4,194,304 bytes (got more)"),
    ],
)
def test_damaged_files(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / KEYS_FILE).write_text(text)
    with pytest.raises(CarPriceError) as found:
        read_keys(tmp_path)
    assert message in found.value.what


def test_a_link_in_the_place_of_the_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other").write_text(json.dumps({"format": 1, "keys": [GOOD]}))
    (tmp_path / KEYS_FILE).symlink_to("other")
    with pytest.raises(KeysError, match="symbolic link"):
        read_keys(tmp_path)


def test_the_stacks_own_key(tmp_path: Path) -> None:
    var, folder = tmp_path / "var", tmp_path / "keys"
    assert read_internal_key(var) == ""
    secret = ensure_internal_key(var, folder)
    assert ensure_internal_key(var, folder) == read_internal_key(var) == secret
    assert stat.S_IMODE((var / INTERNAL_FILE).stat().st_mode) == 0o600
    [key] = read_keys(folder)
    assert (key.name, key.sha256, key.scopes) == (INTERNAL_NAME, digest_of(secret), list(SCOPES))
    assert [path.name for path in var.iterdir()] == [INTERNAL_FILE]


def test_the_stacks_own_key_is_made_again_where_it_was_lost(tmp_path: Path) -> None:
    var, folder = tmp_path / "var", tmp_path / "keys"
    first = ensure_internal_key(var, folder)
    (var / INTERNAL_FILE).unlink()
    second = ensure_internal_key(var, folder)
    assert first != second
    assert [key.sha256 for key in read_keys(folder)] == [digest_of(second)]
    (folder / KEYS_FILE).unlink()
    assert ensure_internal_key(var, folder) == second


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        *[(path, None) for path in ("/livez", "/readyz", "/info/status")],
        *[
            (path, PRICE)
            for path in ("/", "/predict/price", "/predict/batch", "/info/model", "/api/docs", "/none")
        ],
        *[(path, PRICE) for path in ("/livez/", "//livez", "/info/status/", "/static/price.js")],
        *[(path, FEEDBACK) for path in ("/feedback", "/feedback/")],
        *[(path, ADMIN) for path in ("/metrics", "/metrics/")],
    ],
)
def test_scopes(path: str, scope: str | None) -> None:
    assert find_scope(path) == scope
