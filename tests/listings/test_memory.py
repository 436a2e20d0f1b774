"""Memory stays flat: a file larger than what cleaning adds to memory after its first batches."""

import subprocess
import sys
from pathlib import Path

import pytest

from carprice.names import STATISTICS_FILE
from carprice.simulation.sampling import draw_listings

COPIES = 40
ROWS = 40_000
GROWTH_LIMIT = 30_000_000

MEASURE = """
import resource, sys
from pathlib import Path
from carprice.listings.cleaning import check_listings
from carprice.market.market_file import load_market

peaks = []
check_listings(
    Path(sys.argv[1]), load_market("demo", Path(sys.argv[2])),
    lambda rows: peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024),
)
print(peaks[-1] - peaks[len(peaks) // 3], len(peaks))
"""


@pytest.fixture(scope="module")
def large_file(tmp_path_factory: pytest.TempPathFactory, markets_dir: Path) -> Path:
    path = tmp_path_factory.mktemp("large") / "cars.csv"
    text = next(draw_listings(ROWS, 1, markets_dir / STATISTICS_FILE)).write_csv()
    header, _, rows = text.partition("\n")
    with path.open("w") as output:
        output.write(header + "\n")
        for _ in range(COPIES):
            output.write(rows)
    return path


@pytest.mark.slow
def test_memory_is_flat(large_file: Path, markets_dir: Path, root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(large_file), str(markets_dir)],
        env={"PYTHONPATH": str(root / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    growth, batches = map(int, done.stdout.split())
    assert batches > 10
    assert large_file.stat().st_size > 2 * GROWTH_LIMIT
    assert growth < GROWTH_LIMIT
