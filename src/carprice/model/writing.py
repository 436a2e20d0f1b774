"""Writing a bundle: the whole folder appears under its version, or nothing does."""

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from carprice.model.bundle import Bundle
from carprice.model.encoding import Encoders, Scaler
from carprice.model.manifest import FILES, FORMAT, list_versions, write_manifest
from carprice.model.pickles import dump_plain
from carprice.model.pricer import Pricer


def write_bundle(
    artifacts_dir: Path,
    encoders: Encoders,
    scaler: Scaler,
    model: Mapping[str, Any],
    facts: Mapping[str, Any],
    golden: Sequence[Mapping[str, Any]],
) -> str:
    """Write a new bundle and return its version, a UTC time.

    facts are the manifest's keys that training knows (market, data, metrics and so on); golden are listings
    as the API takes them, priced here with the pricer itself. The folder appears under its name only when
    it is complete.
    """
    artifacts_dir.mkdir(parents=True, exist_ok=True)
    temporary = artifacts_dir / f".new-{os.getpid()}"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        files = {}
        for name, value in zip(FILES, (encoders, scaler, dict(model)), strict=True):
            files[name] = _write_pickle(temporary / name, value)
        created = datetime.now(UTC)
        manifest = {"format": FORMAT, "version": "", "created": created.isoformat(timespec="seconds")}
        manifest |= {**facts, "files": files, "golden": []}
        version = manifest["version"] = _free_version(artifacts_dir, created)
        pricer = Pricer(Bundle(manifest, encoders, scaler, dict(model)))
        manifest["golden"] = [{"listing": dict(listing), **pricer.golden_valuation(listing)} for listing in golden]
        write_manifest(temporary, manifest)
        temporary.rename(artifacts_dir / version)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return version


def _free_version(artifacts_dir: Path, created: datetime) -> str:
    taken = set(list_versions(artifacts_dir))
    while (version := created.strftime("%Y%m%dT%H%M%SZ")) in taken:
        created += timedelta(seconds=1)
    return version


def _write_pickle(path: Path, value: Any) -> dict[str, Any]:
    data = dump_plain(value)
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
