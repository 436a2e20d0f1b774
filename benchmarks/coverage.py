"""How many prices the 90 % range holds: by segment, and with fields left out, on listings not learnt from.

    PYTHONPATH=src .venv/bin/python benchmarks/coverage.py [--listings FOLDER] [--market NAME] [--write]

The limits are those of the product: 90 % plus or minus 1 overall, at least 86 % in every make of 200 listings,
fifth by predicted price, age band, fuel and month of 100, and 88 to 92 % under every pattern of fields left out.
Of 1,000 listings the share held varies by 1 % from chance alone (one standard error).
"""

import argparse
from collections.abc import Iterator
from typing import Any

from judging import add_options, learn, load_splits
from table import format_table, print_section

from carprice.evaluation.report import build_report

OVERALL = (0.89, 0.91)
SEGMENT = 0.86
PATTERN = (0.88, 0.92)
MIN_ROWS = {"make": 200, "price": 100, "age": 100, "fuel": 100, "month": 100}
COMMAND = "PYTHONPATH=src .venv/bin/python benchmarks/coverage.py --write"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(parser)
    options = parser.parse_args()
    lines = []
    for market, split in load_splits(options):
        lines += [*describe_coverage(build_report(split.test, learn(split, market))), ""]
    print_section("Coverage of the range", COMMAND, lines, options.write)


def describe_coverage(report: dict[str, Any]) -> list[str]:
    """One market's table: overall, the least covered segment of each kind, the patterns of left-out fields."""
    overall = report["overall"]
    head = (
        f"{report['title']}: {report['rows']:,} listings judged, median width {overall['width']:.1%} of the price."
    )
    columns = ("segment", "listings", "held", "limit", "")
    patterns = [row_of(f"without {item['name']}", item, PATTERN) for item in report["left_out"] if item["fields"]]
    rows = [row_of("all", overall, OVERALL), *list_least(report["segments"]), *patterns]
    return [head, "", format_table(columns, rows)]


def list_least(segments: dict[str, list[dict[str, Any]]]) -> Iterator[list[str]]:
    """Of each kind how many segments are large enough, and the one whose range holds least."""
    for kind, least_rows in MIN_ROWS.items():
        large = [item for item in segments.get(kind, []) if item["rows"] >= least_rows]
        if large:
            least = min(large, key=lambda item: item["coverage"])
            yield row_of(f"least of {len(large)} by {kind}: {least['name']}", least, (SEGMENT, 1.0))


def row_of(name: str, item: dict[str, Any], limits: tuple[float, float]) -> list[str]:
    """One segment beside its limits."""
    low, high = limits
    is_kept = low <= item["coverage"] <= high
    shown = f"at least {low:.0%}" if high == 1.0 else f"{low:.0%} to {high:.0%}"
    return [name, f"{item['rows']:,}", f"{item['coverage']:.1%}", shown, "kept" if is_kept else "missed"]


if __name__ == "__main__":
    main()
