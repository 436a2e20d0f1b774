"""A month of auctions, one day's sales at a time: refreshed every night, every week, never, or by the index alone.

    PYTHONPATH=src .venv/bin/python benchmarks/refresh.py [--listings FOLDER] [--share 0.25] [--write]

Each policy begins with the same first listings and works by the command line alone, on a local stack of its own
with MLflow. A day's sales are priced by what serves in the morning; in the evening they arrive. At the end of the
nightly policy three bad files arrive, which must never serve.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
from processes import free_port
from table import describe_machine, format_table, print_section

from carprice.frames.encoding import unify_spellings
from carprice.frames.pricing import price_frame
from carprice.listings.cleaning import load_listings
from carprice.market.market_file import Market, load_market
from carprice.model.bundle.manifest import champion_version, find_bundle
from carprice.model.moved_level import move_pricer, read_level
from carprice.model.pricer import load_pricer
from carprice.settings import ROOT, Settings

FIRST, LAST = date(2015, 1, 15), date(2015, 2, 15)
MARKET_FILE = Path(__file__).parent / "markets" / "auction.toml"
BOUND = 0.1
LIVE, KEPT = 0, 3
POLICIES = ("nightly", "weekly", "never", "index")
COMMAND = "PYTHONPATH=src .venv/bin/python benchmarks/refresh.py --share {share:g} --write"
COLUMNS = ("week of", "cars", *(f"{policy}, {what}" for policy in POLICIES for what in ("error", "ratio", "held")))


@dataclass
class Run:
    """One policy's stack, and what came of it. codes: of each refresh; rows: a day's sales with their prices."""

    policy: str
    settings: Settings
    codes: list[int] = field(default_factory=list)
    seconds: float = 0.0
    rows: list[pl.DataFrame] = field(default_factory=list)

    def type(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `carprice WORDS` on the stack."""
        names = ("artifacts_dir", "logs_dir", "var_dir", "host", "port", "mlflow_port", "index_bound")
        environment = {f"CARPRICE_{name.upper()}": str(getattr(self.settings, name)) for name in names}
        environment |= {"CARPRICE_STACK": "local", "PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/bin:/bin"}
        argv = [sys.executable, "-m", "carprice", *words]
        return subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True)

    def refresh(self, listings: Path) -> int:
        """One refresh; its exit code. Raises RuntimeError where a step failed."""
        started = time.monotonic()
        done = self.type("refresh", str(listings), "--market", str(MARKET_FILE), "--local")
        self.seconds += time.monotonic() - started
        if done.returncode not in (LIVE, KEPT):
            raise RuntimeError(done.stderr)
        return done.returncode


def main() -> None:
    """Print the table; exit 1 where a bad file came to serve."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--listings", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--share", type=float, default=0.25, help="of the cars")
    parser.add_argument("--write", action="store_true", help="keep the table in docs/benchmarks.md")
    options = parser.parse_args()
    machine = describe_machine()
    market = load_market(str(MARKET_FILE), ROOT / "markets")
    raw = draw_cars(options.listings / "auction.csv.gz", market, options.share)
    with tempfile.TemporaryDirectory() as folder:
        runs = [play(policy, raw, market, Path(folder) / policy) for policy in POLICIES]
        bad = spoil(runs[0], raw, market, Path(folder))
    lines = [machine, "", *describe(runs, options.share), "", *bad]
    print_section("A month of refreshes", COMMAND.format(share=options.share), lines, options.write)
    sys.exit(any("serves" in line for line in bad))


def draw_cars(path: Path, market: Market, share: float) -> pl.DataFrame:
    """The raw rows of a share of the cars, by the day."""
    raw = pl.read_csv(path, infer_schema=False)
    cars = raw[market.listing.id].unique().sort().sample(fraction=share, seed=1, shuffle=True)
    days = raw[market.listing.seen].str.to_date("%Y-%m-%d")
    return raw.with_columns(days.alias("day")).filter(pl.col(market.listing.id).is_in(cars.implode())).sort("day")


def play(policy: str, raw: pl.DataFrame, market: Market, folder: Path) -> Run:
    """Go through the month under one policy."""
    with open_stack(policy, raw, folder) as run:
        days = raw.filter(pl.col("day").is_between(FIRST, LAST))["day"].unique().sort().to_list()
        for before, day in zip([None, *days], days, strict=False):
            if before and (
                policy == "nightly" or (policy == "weekly" and day.isocalendar()[1] > before.isocalendar()[1])
            ):
                run.codes.append(run.refresh(write(raw.filter(pl.col("day") < day), folder / "listings.csv")))
            if before and policy == "index":
                run.codes.append(run.type("index").returncode)
            sales = write(raw.filter(pl.col("day") == day), folder / "sales.csv")
            priced = price_day(run.settings, sales, market)
            run.rows.append(priced.with_columns(day=pl.lit(day)))
            if policy == "index":
                give_back(run, sales, market, folder / "feedback.jsonl")
        print(
            f"{policy}: {len(run.codes)} tries, {run.codes.count(LIVE)} served, {run.seconds:.0f} s",
            file=sys.stderr,
        )
        return run


@contextmanager
def open_stack(policy: str, raw: pl.DataFrame, folder: Path) -> Iterator[Run]:
    """A stack that serves what was learnt before the month."""
    folder.mkdir()
    settings = Settings(
        artifacts_dir=folder / "artifacts",
        logs_dir=folder / "logs",
        var_dir=folder / "var",
        host="127.0.0.1",
        port=free_port(),
        mlflow_port=free_port(),
        index_bound=BOUND if policy == "index" else 0.0,
    )
    run = Run(policy, settings)
    run.refresh(write(raw.filter(pl.col("day") < FIRST), folder / "listings.csv"))
    run.seconds = 0.0
    try:
        started = run.type("up", "-d")
        if started.returncode:
            raise RuntimeError(started.stderr)
        yield run
    finally:
        run.type("down")


def write(rows: pl.DataFrame, path: Path) -> Path:
    """The rows as the market has them."""
    rows.drop("day").write_csv(path)
    return path


def price_day(settings: Settings, sales: Path, market: Market) -> pl.DataFrame:
    """A day's sales by the champion, at the level that the service has."""
    pricer = load_pricer(find_bundle(settings.artifacts_dir))
    pricer = move_pricer(pricer, read_level(settings.artifacts_dir, pricer.version, settings.index_bound))
    frame = unify_spellings(load_listings(sales, market).frame, market)
    priced = price_frame(frame, pricer)
    return pl.DataFrame(
        {"actual": frame["price"], "price": priced["predicted"], "low": priced["low"], "high": priced["high"]}
    )


def give_back(run: Run, sales: Path, market: Market, path: Path) -> None:
    """What the day's cars were sold for, as feedback."""
    frame = load_listings(sales, market).frame
    day = pl.read_csv(sales, infer_schema=False)[market.listing.seen][0]
    with path.open("w") as file:
        for row in frame.iter_rows(named=True):
            listing = {item.name: row[item.name] for item in market.features if row[item.name] is not None}
            whole = {name: int(value) if name == "year" else value for name, value in listing.items()}
            file.write(json.dumps({"price": row["price"], "kind": "sold", "day": day, "listing": whole}) + "\n")
    done = run.type("feedback", str(path))
    if done.returncode:
        raise RuntimeError(done.stderr)


def spoil(run: Run, raw: pl.DataFrame, market: Market, folder: Path) -> list[str]:
    """Three bad files after the month; a line for each."""
    rows = raw.filter(pl.col("day") <= LAST)
    price, makes = market.price.column, rows["make"].unique().drop_nulls().sort()
    files = {
        "every price times 1.3": rows.with_columns((pl.col(price).cast(pl.Float64) * 1.3).cast(pl.String)),
        "model, trim and body shifted by one column": rows.rename(
            {"model": "trim", "trim": "body", "body": "model"}
        ),
        "half of the makes gone": rows.filter(pl.col("make").is_in(makes[::2].implode())),
    }
    lines = []
    for name, bad in files.items():
        before = champion_version(run.settings.artifacts_dir)
        code = run.refresh(write(bad.select(rows.columns), folder / "bad.csv"))
        is_safe = code == KEPT and champion_version(run.settings.artifacts_dir) == before
        lines.append(f"- {name}: {'the champion stays' if is_safe else 'it serves'} (exit code {code})")
    return lines


def describe(runs: list[Run], share: float) -> list[str]:
    """The table by week, and what each policy did."""
    rows = []
    priced = [pl.concat(run.rows).with_columns(week=pl.col("day").dt.truncate("1w")) for run in runs]
    for (week,), part in priced[0].group_by("week", maintain_order=True):
        cells = [f"{week:%-d %B}", f"{part.height:,}"]
        for frame in priced:
            cells += judge(frame.filter(pl.col("week") == week))
        rows.append(cells)
    whole = ["all", f"{priced[0].height:,}"]
    for frame in priced:
        whole += judge(frame)
    did = [
        f"- {run.policy}: {len(run.codes)} tries, {run.codes.count(LIVE)} of them live, "
        f"{run.seconds / max(len(run.codes), 1):.0f} s each."
        for run in runs
        if run.codes
    ]
    return [f"{share:.0%} of the cars.", "", format_table(COLUMNS, [*rows, whole]), "", *did]


def judge(frame: pl.DataFrame) -> list[str]:
    """Median error, median ratio and coverage."""
    ratio = (frame["price"] / frame["actual"]).to_numpy()
    held = frame["actual"].is_between(frame["low"], frame["high"]).mean() or 0.0
    return [f"{np.median(np.abs(ratio - 1)):.2%}", f"{np.median(ratio):.3f}", f"{held:.1%}"]


if __name__ == "__main__":
    main()
