"""docs/licences.md: whose code the API image holds, by the lock and what each package says of itself."""

import re
from importlib.metadata import PackageMetadata, metadata
from pathlib import Path

from packaging.requirements import Requirement

_PIN = re.compile(r"^[A-Za-z0-9._-]+==[^\\]+", re.MULTILINE)
_CLASSIFIER = "License :: OSI Approved :: "

HEAD = """# Licences of others

This project is under the MIT licence. This page is written from `requirements/serve.txt` and the packages
themselves by `python -m tests.reference`: do not edit it.

The API image holds these Python packages, all but `flask-openapi3-swagger` with the text of their licence (below
`*.dist-info` in `site-packages`):

| package | version | licence |
|---|---|---|
"""
TAIL = """
Swagger UI's files (Apache-2.0) are in `flask-openapi3-swagger`, OpenSSL (Apache-2.0) in the wheel of
`cryptography`. Below them are `python:3.11-slim` (Python under the PSF licence, on Debian) and Debian's
packages `curl` (curl licence) and `libgomp1` (GPL-3.0 with the GCC runtime library exception), whose texts are
in `/usr/share/doc/*/copyright`.

An image built for PostgreSQL has those of `requirements/postgres.txt` besides: `psycopg` (LGPL-3.0-only) and
`sqlalchemy` (MIT).

The stack runs the images of others beside it, and distributes neither: `haproxy:3.0` (GPL-2.0-or-later) and
`ghcr.io/mlflow/mlflow` (Apache-2.0). Training needs the packages of `requirements/full.txt`; they are in no
image but the trainer's.
"""


def read_pins(lock: str) -> dict[str, str]:
    """The version of each package of a lock that is installed here: some are for other systems alone."""
    pins = [Requirement(text) for text in _PIN.findall(lock)]
    return {pin.name: next(iter(pin.specifier)).version for pin in pins if not pin.marker or pin.marker.evaluate()}


def find_licence(about: PackageMetadata) -> str:
    """What a package calls its licence: an SPDX expression, else its own words. Raises ValueError for none."""
    short = about.get("License") or ""
    named = [
        value.removeprefix(_CLASSIFIER) for value in about.get_all("Classifier") or [] if _CLASSIFIER in value
    ]
    found = about.get("License-Expression") or (short if 0 < len(short) < 40 else "") or ", ".join(named)
    if not found:
        raise ValueError(f"{about['Name']} names no licence")
    return str(found)


def write_licences(root: Path) -> str:
    """The whole page. Raises ValueError for a package without a licence, or of another version than the lock's."""
    rows = []
    for name, version in sorted(read_pins((root / "requirements" / "serve.txt").read_text()).items()):
        about = metadata(name)
        if about["Version"] != version:
            raise ValueError(f"{name}: the lock says {version}, installed is {about['Version']}")
        rows.append(f"| {name} | {version} | {find_licence(about)} |\n")
    return HEAD + "".join(rows) + TAIL
