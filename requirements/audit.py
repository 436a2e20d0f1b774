"""Asks which packages of the locks have known holes (OSV, by pip-audit), and says what it found.

    python requirements/audit.py [--osv-url URL]

Exit 1 where `audit.toml` does not excuse a finding. What was found is kept in var/audit.json: where the advisories
cannot be reached, that is shown with its day, or that nothing was audited, and it goes on.
"""

import argparse
import json
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("full.txt", "dev.txt", "mlflow-login.txt", "sbom.txt")
"""serve.txt and postgres.txt are parts of full.txt."""
MOST_SECONDS = 300
Excuses = dict[str, dict[str, Any]]
"""By the id of the advisory: package, until (the last day that it counts) and reason."""


class Hole(NamedTuple):
    """An advisory that a locked version falls under."""

    package: str
    version: str
    advisory: str
    fixed_in: str


def main(argv: Sequence[str] | None = None) -> int:
    """Ask, keep and say; the exit code."""
    options = argparse.ArgumentParser(description="Known holes in the locked packages.")
    options.add_argument("--osv-url", default="https://api.osv.dev/v1/query")
    options.add_argument("--locks", type=Path, default=ROOT / "requirements")
    options.add_argument("--kept", type=Path, default=ROOT / "var" / "audit.json")
    chosen = options.parse_args(argv)
    locks = [chosen.locks / name for name in LOCKS if (chosen.locks / name).exists()]
    digest = sha256(b"".join(lock.read_bytes() for lock in locks)).hexdigest()
    today = datetime.now(UTC).date()
    try:
        found = ask(locks, chosen.osv_url)
    except OSError as error:
        print(f"The advisories cannot be reached: {error}")
        if not chosen.kept.exists():
            print("Nothing was audited; once with a network: python requirements/audit.py")
            return 0
        kept = json.loads(chosen.kept.read_text())
        changed = "" if kept["locks"] == digest else "; the locks have changed since"
        print(f"What was found on {kept['day']}{changed}:")
        found = [Hole(*hole) for hole in kept["holes"]]
    else:
        chosen.kept.parent.mkdir(parents=True, exist_ok=True)
        chosen.kept.write_text(json.dumps({"day": str(today), "locks": digest, "holes": found}))
    return report(found, read_excuses(chosen.locks / "audit.toml"), today)


def ask(locks: Sequence[Path], url: str) -> list[Hole]:
    """The holes of the packages in these locks. Raises OSError where the advisories cannot be read."""
    argv = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--format", "json"]
    argv += ["--progress-spinner", "off", "--vulnerability-service", "osv", "--osv-url", url]
    for lock in locks:
        argv += ["--requirement", str(lock)]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=MOST_SECONDS)
        packages = json.loads(done.stdout)["dependencies"]
    except subprocess.TimeoutExpired:
        raise OSError(f"no answer within {MOST_SECONDS} s") from None
    except ValueError:
        *_, last = done.stderr.strip().splitlines() or [f"pip-audit ended with {done.returncode}"]
        raise OSError(last[-200:]) from None
    skipped = [package for package in packages if "skip_reason" in package]
    if skipped:
        raise OSError(f"{len(skipped)} packages could not be audited ({skipped[0]['skip_reason']})")
    return [
        Hole(package["name"], package["version"], hole["id"], ", ".join(hole["fix_versions"]))
        for package in packages
        for hole in package["vulns"]
    ]


def read_excuses(path: Path) -> Excuses:
    """The findings that are put up with until a day."""
    if not path.exists():
        return {}
    return {excuse["id"]: excuse for excuse in tomllib.loads(path.read_text()).get("excuse", [])}


def report(found: Sequence[Hole], excuses: Excuses, today: date) -> int:
    """Say each hole and each excuse; 1 where a hole has no excuse that still counts."""
    open_holes = 0
    for hole in found:
        excuse = excuses.get(hole.advisory)
        line = f"{hole.package} {hole.version}: {hole.advisory}, fixed in {hole.fixed_in or 'no release'}"
        if excuse is None:
            open_holes += 1
        elif excuse["package"] == hole.package and today <= excuse["until"]:
            line += f"; put up with until {excuse['until']}: {excuse['reason']}"
        else:
            open_holes += 1
            line += f"; the excuse is for {excuse['package']} and ended on {excuse['until']}"
        print(line)
    for advisory in sorted(excuses.keys() - {hole.advisory for hole in found}):
        print(f"{advisory}: excused in audit.toml, but not found: take it out")
    print(f"{len(found)} findings, {open_holes} of them to act on.")
    return int(open_holes > 0)


if __name__ == "__main__":
    sys.exit(main())
