"""Damage to a bundle, done as it happens: to bytes, to values, to the manifest."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from carprice.model.pickles import dump_plain, load_plain


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
