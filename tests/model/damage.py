"""Damage to a bundle, done as it happens: to bytes, to values, to the manifest."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from carprice.errors import BundleError
from carprice.model.bundle.safe_pickle import dump_plain, load_plain
from carprice.model.pricer import load_pricer


def edit_manifest(folder: Path, edit: Callable[[dict[str, Any]], Any]) -> None:
    """Change the manifest in place."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    edit(manifest)
    path.write_text(json.dumps(manifest))


def replace_file(folder: Path, name: str, data: bytes) -> None:
    """Put other bytes in a file's place, and their size and digest in the manifest."""
    (folder / name).write_bytes(data)
    entry = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    edit_manifest(folder, lambda manifest: manifest["files"].update({name: entry}))


def edit_pickle(folder: Path, name: str, edit: Callable[[Any], Any]) -> None:
    """Change a pickle's value in place (or put what edit returns in its place) with a valid digest."""
    value = load_plain((folder / name).read_bytes())
    other = edit(value)
    replace_file(folder, name, dump_plain(value if other is None else other))


def drop(key: str) -> Callable[[dict[str, Any]], Any]:
    """An edit that takes a key away."""
    return lambda tree: tree.pop(key)


def put(*path: Any, value: Any) -> Callable[[Any], None]:
    """An edit that puts a value at a path."""

    def edit(tree: Any) -> None:
        for key in path[:-1]:
            tree = tree[key]
        tree[path[-1]] = value

    return edit


def refusal(folder: Path) -> BundleError:
    """What loading the bundle is refused with."""
    with pytest.raises(BundleError) as error:
        load_pricer(folder)
    return error.value
