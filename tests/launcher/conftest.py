"""A checkout of its own with the real launcher, and small locks that install from wheels made here."""

import hashlib
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

TOOLS = (
    *("awk", "cat", "cksum", "df", "dirname", "grep", "ln", "mkdir", "mv"),
    *("printf", "readlink", "rm", "sh", "tail"),
)
PYTHON = f"python{sys.version_info[0]}.{sys.version_info[1]}"
POLL_SECONDS = 0.05

PROGRAM = """\
import os, sys
if os.path.exists("/proc/self/fd/9"):
    print("the install lock is still held")
print("args", sys.argv[1:])
print("folder", os.getcwd())
print("paths", os.environ["PYTHONPATH"])
try:
    import tiny
    print("tiny", tiny.VERSION)
except ImportError:
    print("tiny is missing")
"""

# A build that waits: `begun` appears when it starts, and it goes on once `go` is there.
SLOW_BACKEND = """\
import pathlib, shutil, time
def build_wheel(folder, config_settings=None, metadata_directory=None):
    here = pathlib.Path({folder!r})
    (here / "begun").touch()
    deadline = time.monotonic() + 60
    while not (here / "go").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    shutil.copy(here / "wheels" / {wheel!r}, folder)
    return {wheel!r}
"""

# A uv that only knows what the launcher asks of it, and needs no second for it.
QUICK_UV = """\
import pathlib, subprocess, sys, zipfile
words = sys.argv[1:]
if words[0] == "venv":
    sys.exit(subprocess.run([words[3], "-m", "venv", "--without-pip", words[4]]).returncode)
python, lock = pathlib.Path(words[3]), pathlib.Path(words[6])
lines = lock.read_text().splitlines()
wheels = pathlib.Path(lines[1].split(maxsplit=1)[1])
[site] = python.parents[1].glob("lib/*/site-packages")
for line in lines[2:]:
    name, version = line.split()[0].split("==")
    zipfile.ZipFile(wheels / f"{name}-{version}-py3-none-any.whl").extractall(site)
"""


@dataclass
class Checkout:
    """A folder with the launcher; `environment` is what it runs in."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def bin(self) -> Path:
        """The only folder on its PATH."""
        return self.root.parent / "bin"

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    def run(self, *words: str, cwd: Path | None = None, script: Path | None = None, **more: str):
        """Run the launcher to its end."""
        return subprocess.run(
            [script or self.root / "carprice", *words],
            cwd=cwd or self.root,
            env={**self.environment, **more},
            capture_output=True,
            text=True,
            timeout=120,
        )

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start the launcher in a process group of its own."""
        return subprocess.Popen(
            [self.root / "carprice", *words],
            cwd=self.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def write_lock(self, name: str, lines: list[str]) -> None:
        """A lock that knows no index but the wheels folder."""
        text = ["--no-index", f"--find-links {self.root / 'wheels'}", *lines]
        (self.root / "requirements" / f"{name}.txt").write_text("\n".join(text) + "\n")

    def make_wheel(self, name: str, version: str) -> str:
        """A wheel of one module with its VERSION; returns its line for a lock."""
        path = self.root / "wheels" / f"{name}-{version}-py3-none-any.whl"
        path.parent.mkdir(exist_ok=True)
        info = f"{name}-{version}.dist-info"
        with zipfile.ZipFile(path, "w") as wheel:
            wheel.writestr(f"{name}.py", f"VERSION = {version!r}\n")
            wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
            wheel.writestr(
                f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            wheel.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
        return f"{name}=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"

    def make_slow_source(self) -> str:
        """A source package `slow` whose build waits for allow_slow(); returns its line for a lock."""
        self.make_wheel("slow", "1.0")
        path = self.root / "wheels" / "slow-1.0.zip"
        backend = SLOW_BACKEND.format(folder=str(self.root), wheel="slow-1.0-py3-none-any.whl")
        project = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        project += '[project]\nname = "slow"\nversion = "1.0"\n'
        with zipfile.ZipFile(path, "w") as source:
            source.writestr("slow-1.0/pyproject.toml", project)
            source.writestr("slow-1.0/backend.py", backend)
            source.writestr("slow-1.0/PKG-INFO", "Metadata-Version: 2.1\nName: slow\nVersion: 1.0\n")
        return f"slow==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()} --no-binary slow"

    def add_program(self, name: str, text: str) -> None:
        """A shell script on its PATH."""
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)


def wait_until(is_so: Callable[[], object], seconds: float = 60) -> None:
    """Return once is_so() is true; fail after the deadline."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not so within {seconds} s"
        time.sleep(POLL_SECONDS)


@pytest.fixture
def checkout(tmp_path: Path, root: Path) -> Checkout:
    """A checkout whose lock installs one small package, with this Python alone on the PATH."""
    made = Checkout(tmp_path / "checkout")
    for folder in (made.root / "requirements", made.root / "src" / "carprice", made.bin):
        folder.mkdir(parents=True)
    shutil.copy(root / "carprice", made.root)
    (made.root / "src" / "carprice" / "__main__.py").write_text(PROGRAM)
    for tool in TOOLS:
        if found := shutil.which(tool):
            (made.bin / tool).symlink_to(found)
    (made.bin / PYTHON).symlink_to(Path(sys.base_prefix) / "bin" / PYTHON)
    made.environment = {"PATH": str(made.bin), "HOME": str(tmp_path), "PIP_CONFIG_FILE": os.devnull}
    made.write_lock("full", [made.make_wheel("tiny", "1.0")])
    made.write_lock("dev", [made.make_wheel("checks", "1.0")])
    return made


@pytest.fixture
def quick(checkout: Checkout) -> Checkout:
    """The same with a quick uv, for what does not depend on who installs."""
    script = checkout.bin / "quick_uv.py"
    script.write_text(QUICK_UV)
    checkout.add_program("uv", f'exec {checkout.bin / PYTHON} {script} "$@"')
    return checkout
