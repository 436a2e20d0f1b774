"""Mutated texts of trees, 100,000 of them: how many end the process that reads them, hang it, or outgrow it.

PYTHONPATH=src:. .venv/bin/python benchmarks/fuzz_trees.py --write
"""

import argparse
import time

from table import describe_machine, format_table, print_section
from tests.model.fuzzing import HANG_SECONDS, MEMORY_MB, run_fuzz

COMMAND = "PYTHONPATH=src:. .venv/bin/python benchmarks/fuzz_trees.py --write"


def main() -> None:
    """Try them and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, default=100_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--write", action="store_true", help="keep the table in docs/benchmarks.md")
    options = parser.parse_args()
    machine, started = describe_machine(), time.monotonic()
    found = run_fuzz(options.texts, options.processes, options.seed)
    rows = [
        ["mutated texts", f"{options.texts:,}", ""],
        ["refused", f"{found.refused:,}", ""],
        ["loaded, priced with and explained", f"{found.loaded:,}", ""],
        ["ended their process", f"{found.crashed:,}", "0"],
        [f"took longer than {HANG_SECONDS} s", f"{found.hung:,}", "0"],
        [f"needed more than {MEMORY_MB} MB", f"{found.outgrown:,}", "0"],
    ]
    lines = [f"{machine} {time.monotonic() - started:.0f} s, seed {options.seed}.", ""]
    lines += format_table(("texts of trees", "found", "allowed"), rows).split("\n")
    print_section("Mutated trees", COMMAND, lines, options.write)


if __name__ == "__main__":
    main()
