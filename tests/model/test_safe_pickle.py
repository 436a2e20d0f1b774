"""Pickles: plain values come back, and nothing else is ever built, called or allocated."""

import builtins
import copyreg
import io
import os
import pickle
import pickletools
import resource
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from carprice.errors import BundleError
from carprice.model.bundle import safe_pickle
from carprice.model.bundle.safe_pickle import dump_plain, load_plain

DISTRUST = "Do not use this bundle. Train it again: ./carprice train"
MEMORY_LIMIT = 2 << 30


class Attack:
    """What pickle makes of any object: call this function with these arguments."""

    def __init__(self, call: Any, *arguments: Any) -> None:
        self._reduced = (call, arguments)

    def __reduce__(self) -> Any:
        return self._reduced


def name_only(value: Any) -> str:
    return value if isinstance(value, str) else ""


def global_named(name: str) -> bytes:
    module, _, function = name.rpartition(".")
    return f"c{module}\n{function}\n".encode()


@pytest.mark.parametrize(
    "value",
    [
        {"make": ["Ford", "Škoda", ""], "empty": [], "none": None},
        {"mean": 0.1 + 0.2, "inf": float("inf"), "whole": 3, "big": 10**30, "flag": True, "off": False},
        ["x" * 10, "x" * 300, "x" * 70_000, b"bytes", b"b" * 300, -1, 255, 65_535, 2**31 - 1, -(2**31)],
        {str(number): number for number in range(3000)},
    ],
)
def test_plain_values_come_back(value: Any) -> None:
    assert load_plain(dump_plain(value)) == value


def test_shared_values_come_back() -> None:
    shared = ["the same"]
    first, second = load_plain(dump_plain([shared, shared]))
    assert first is second


@pytest.fixture
def marker(tmp_path: Path) -> Iterator[Path]:
    """A file that an attack makes. It must not be there afterwards."""
    path = tmp_path / "marker"
    yield path
    assert not path.exists()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("nest", [lambda attack: attack, lambda attack: {"a": [1, {"b": [attack]}]}])
@pytest.mark.parametrize("name", ["system", "eval", "exec", "open", "getattr"])
def test_a_pickle_cannot_run_code(marker: Path, protocol: int, nest: Any, name: str) -> None:
    code = f"open({str(marker)!r}, 'w')"
    attacks = {
        "system": Attack(os.system, f"touch {marker}"),
        "eval": Attack(builtins.eval, code),
        "exec": Attack(builtins.exec, code),
        "open": Attack(builtins.open, str(marker), "w"),
        "getattr": Attack(builtins.getattr, Attack(builtins.open, str(marker), "w"), "name"),
    }
    data = pickle.dumps(nest(attacks[name]), protocol=protocol)
    with pytest.raises(BundleError) as error:
        load_plain(data)
    assert error.value.what.endswith("only plain values are read; none of it ran") or error.value.what.endswith(
        "which no plain value needs; none of it ran"
    )
    assert error.value.hint == DISTRUST


def test_the_attack_does_run_in_plain_pickle(tmp_path: Path) -> None:
    path = tmp_path / "marker"
    pickle.loads(pickle.dumps(Attack(os.system, f"touch {path}")))
    assert path.exists()


def test_the_error_names_the_global() -> None:
    data = pickle.dumps({"a": Attack(os.system, "true")}, protocol=safe_pickle.PROTOCOL)
    with pytest.raises(BundleError) as error:
        load_plain(data)
    assert str(error.value) == f"names posix.system, and only plain values are read; none of it ran\n{DISTRUST}"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a class of the project", pickle.dumps(BundleError("x", "y"))),
        ("a set", pickle.dumps({1, 2}, protocol=4)),
        ("a complex number", pickle.dumps(1j)),
        ("a bytearray", pickle.dumps(bytearray(b"x"), protocol=5)),
        ("a tuple", pickle.dumps((1, 2))),
        ("INST", b"(S'true'\nios\nsystem\n."),
        ("OBJ", b"(" + global_named("os.system") + b"S'true'\no."),
        ("NEWOBJ", global_named("os.system") + b"(S'true'\nt\x81."),
        ("BUILD", b"}}b."),
        ("REDUCE without a global", b"]]R."),
        ("a persistent id", b"Pos.system\n."),
        ("a binary persistent id", b"]Q."),
        ("an out-of-band buffer", b"\x80\x05\x97."),
        ("a dotted name", b"\x80\x04\x8c\x02os\x8c\x0bpath.exists\x93."),
    ],
    ids=name_only,
)
def test_what_is_not_plain_is_refused(name: str, data: bytes) -> None:
    with pytest.raises(BundleError) as error:
        load_plain(data)
    assert error.value.hint == DISTRUST


def test_an_extension_code_is_refused_even_when_registered_and_used(marker: Path) -> None:
    copyreg.add_extension("posix", "system", 240)
    try:
        data = pickle.dumps(Attack(os.system, f"touch {marker}"), protocol=2)
        assert pickle.EXT1 in data
        pickle.loads(pickle.dumps(os.system, protocol=2))  # now in the C unpickler's own cache
        with pytest.raises(BundleError, match="EXT1"):
            load_plain(data)
    finally:
        copyreg.remove_extension("posix", "system", 240)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b".",
        b"garbage",
        b"\x80",
        b"\x80\x04",
        b"\xff" * 100,
        dump_plain({"a": [1.0] * 100})[:-1],
        dump_plain({"a": [1.0] * 100})[:40],
        dump_plain("x" * 1000)[:500],
        b"\x80\x04}K\x01K\x02K\x03u.",
        b"\x80\x04]]s.",
        b"\x80\x04h\x05.",
        b"\x80\x04}]Ns.",
        "{}".encode("utf-16"),
    ],
    ids=lambda data: f"{len(data)} bytes",
)
def test_what_is_no_pickle_is_refused(data: bytes) -> None:
    with pytest.raises(BundleError) as error:
        load_plain(data)
    what = error.value.what
    assert what.startswith("is not a pickle that can be read (") or what.endswith("none of it ran")
    assert len(what) < 200


def huge(opcode: bytes, width: str, length: int = 1 << 40) -> bytes:
    length = min(length, (1 << (8 * struct.calcsize(width))) - 1 >> (width == "i"))
    return b"\x80\x04" + opcode + struct.pack(f"<{width}", length) + b"x."


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a text of a terabyte", huge(pickle.BINUNICODE8, "Q")),
        ("bytes of a terabyte", huge(pickle.BINBYTES8, "Q")),
        ("a byte array of a terabyte", huge(pickle.BYTEARRAY8, "Q")),
        ("a text of 4 GB", huge(pickle.BINUNICODE, "I")),
        ("bytes of 4 GB", huge(pickle.BINBYTES, "I")),
        ("a frame of a terabyte", huge(pickle.FRAME, "Q")),
        ("an integer of 2 GB", huge(pickle.LONG4, "i")),
        ("a memo of 32 GB", b"\x80\x04]" + pickle.LONG_BINPUT + b"\xff\xff\xff\x7f."),
        ("a memo of 32 GB, in text", b"]p2147483647\n."),
        ("a number of a million digits", b"L" + b"9" * 1_000_000 + b"L\n."),
        ("lists a million deep", b"\x80\x04" + b"]" * 1_000_000 + b"a" * 999_999 + b"."),
        ("dicts a million deep, unfinished", b"\x80\x04" + b"}" * 1_000_000),
        ("marks without end", b"\x80\x04" + b"(" * 1_000_000 + b"."),
        ("a thousand lists of itself", b"\x80\x04]\x94" + b"h\x00a" * 1_000 + b"."),
    ],
    ids=name_only,
)
def test_no_short_file_fills_the_memory_or_the_stack(tmp_path: Path, name: str, data: bytes) -> None:
    """In a process with 2 GB: it ends with a value or with a BundleError, and quickly."""
    path = tmp_path / "attack.pkl"
    path.write_bytes(data)
    code = (
        "import sys; from pathlib import Path\n"
        "from carprice.errors import BundleError; from carprice.model.bundle.safe_pickle import load_plain\n"
        "try: value = load_plain(Path(sys.argv[1]).read_bytes())\n"
        "except BundleError as error: print('BundleError')\n"
        "else: print(type(value).__name__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT)),
    )
    assert (done.stdout, done.returncode) == ("BundleError\n", 0), done.stderr


def nest(levels: int, times: int) -> list[Any]:
    """Lists that each hold the one before so many times."""
    value: list[Any] = []
    for _ in range(levels):
        value = [value] * times
    return value


def test_a_value_that_holds_itself_too_often_is_refused() -> None:
    """Ten billion lists in 150 bytes, which any message or comparison would write out."""
    with pytest.raises(BundleError, match=r"^should have at most 5,000,000 values \(got more\)\n"):
        load_plain(dump_plain(nest(10, 10)))
    with pytest.raises(BundleError, match=r"^should have at most 20 lists and dicts in each other \(got more\)\n"):
        load_plain(dump_plain(nest(30, 1)))


@pytest.mark.parametrize("keys", [(1,), ("a", 2), (None,), (b"a",), (0.5, "a"), ("a", "b", True)])
@pytest.mark.parametrize("outside", [lambda value: value, lambda value: ["x", {"a": [1, value, 2]}]])
def test_keys_are_texts(keys: tuple[Any, ...], outside: Any) -> None:
    """Numbers can be chosen so that they collide: 60,000 of them took 40 seconds."""
    with pytest.raises(BundleError, match=r"^has a key at byte \d+ that is not a text; none of it ran\n"):
        load_plain(dump_plain(outside({key: [1] for key in keys})))


def test_a_key_that_only_looks_like_a_text_is_refused() -> None:
    """Taken from the memo, where it stands for what was put there and nothing else."""
    with pytest.raises(BundleError, match="that is not a text"):
        load_plain(b"\x80\x04](K\x01\x94\x8c\x01a}(h\x00K\x07ue.")


def test_too_many_opcodes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_pickle, "MAX_OPCODES", 100)
    with pytest.raises(BundleError) as error:
        load_plain(dump_plain([1] * 200))
    assert error.value.what == "should have at most 100 opcodes (got more)"


def test_every_opcode_is_plain_or_refused() -> None:
    """What dump_plain may write is all that is read: nothing is allowed for a rainy day."""
    values = [None, True, False, 1, 300, -1, 70_000, 10**30, 0.5, "a", "é" * 300, b"b", b"b" * 300, [], {}]
    used = set()
    for value in [*values, values, [1], {"a": 1}, dict(zip("abc", "def", strict=True)), [values, values]]:
        used |= {opcode.name for opcode, _, _ in pickletools.genops(dump_plain(value))}
    unneeded = safe_pickle._PLAIN - used
    assert unneeded == {"BINUNICODE8", "BINBYTES8", "LONG_BINGET"}  # for texts over 4 GB, and 256 shared values
    assert used <= safe_pickle._PLAIN


def test_the_unpickler_refuses_globals_by_itself() -> None:
    unpickler = safe_pickle._PlainUnpickler(io.BytesIO(pickle.dumps(os.system)))
    with pytest.raises(BundleError):
        unpickler.load()
