"""One price over HTTP: ours, mlflow models serve, BentoML and a bare WSGI echo, side by side under the same load.

    PYTHONPATH=src .venv/bin/python benchmarks/serving.py [--write]

Needs wrk and a bundle; BentoML is installed below var/bench. Every server has one worker and the trees of the
champion, every request another car. The servers take turns, so that what else the machine does hits them all.
"""

import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import click
from cars import load_cars, pick_listings
from load import Round, middle, require_wrk, send_load
from peers import Server, encode_cars, install_bentoml, run_bentoml, run_echo, run_mlflow, run_ours
from table import describe_machine, format_table, print_section

from carprice.errors import CarPriceError
from carprice.model.bundle.contents import read_bundle
from carprice.model.bundle.manifest import find_bundle
from carprice.model.pricer import load_pricer
from carprice.settings import load_settings

CARS = 4000
CONNECTIONS = 16
OURS, ECHO, MLFLOW, BENTO = "carprice", "bare WSGI echo", "mlflow models serve", "BentoML"
MLFLOW_TIMES = 100
MLFLOW_P99 = 0.1
ECHO_SHARE = 0.6
COMMAND = "PYTHONPATH=src .venv/bin/python benchmarks/serving.py --write"

Rounds = dict[str, list[Round]]


@click.command()
@click.option("--rounds", default=5, show_default=True, help="Turns of every server.")
@click.option("--seconds", default=3, show_default=True, help="Seconds of load in one turn.")
@click.option("--connections", default=CONNECTIONS, show_default=True, help="Kept busy all the time.")
@click.option("--model", "version", default="", help="A bundle's version; the champion's where left out.")
@click.option("--peers/--no-peers", default=True, help="Also MLflow and BentoML, or only the echo.")
@click.option("--write", is_flag=True, help="Also write the table to docs/benchmarks.md.")
def main(rounds: int, seconds: int, connections: int, version: str, peers: bool, write: bool) -> None:
    """Measure and print one table; exit 1 where a limit is missed."""
    try:
        require_wrk()
        text, reached = measure(rounds, seconds, connections, version, peers)
    except CarPriceError as error:
        sys.exit(f"Error: {error}")
    print_section("One price over HTTP", COMMAND, text, write)
    sys.exit(not reached)


def measure(rounds: int, seconds: int, connections: int, version: str, peers: bool) -> tuple[list[str], bool]:
    """The lines of the report, and whether every limit is kept."""
    settings, machine = load_settings(os.environ), describe_machine()
    bundle = find_bundle(settings.artifacts_dir, version)
    pricer, model = load_pricer(bundle), read_bundle(bundle).model
    cars = encode_cars(pricer, pick_listings(load_cars(pricer.market, settings), pricer.market, CARS))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = {
            OURS: stack.enter_context(run_ours(bundle, cars, folder)),
            ECHO: stack.enter_context(run_echo(bundle, cars, folder)),
        }
        if peers:
            servers[MLFLOW] = stack.enter_context(run_mlflow(bundle, cars, folder))
            home = install_bentoml(settings.var_dir / "bench" / "bentoml")
            servers[BENTO] = stack.enter_context(run_bentoml(model["trees"], cars, folder, home))
        found = take_turns(servers, rounds, seconds, connections)
    intro = (
        f"{pricer.market.title}: {describe_trees(model['trees'])}, {CARS:,} different cars, {connections} "
        f"connections, {rounds} turns of {seconds} s each; medians over the turns. {machine}"
    )
    return report(intro, found)


def take_turns(servers: dict[str, Server], rounds: int, seconds: int, connections: int) -> Rounds:
    """Load one server after the other, again and again; a first short turn warms each up."""
    for server in servers.values():
        send_load(server.url, server.bodies, connections, 1)
    found: Rounds = {name: [] for name in servers}
    for _ in range(rounds):
        for name, server in servers.items():
            found[name].append(send_load(server.url, server.bodies, connections, seconds))
    return found


def describe_trees(text: str) -> str:
    """How many trees there are and how large the largest is."""
    leaves = [
        int(line.removeprefix("num_leaves=")) for line in text.splitlines() if line.startswith("num_leaves=")
    ]
    return f"{len(leaves)} trees of up to {max(leaves)} leaves"


def report(intro: str, found: Rounds) -> tuple[list[str], bool]:
    """The table and one line per limit."""
    figures = {name: middle(turns) for name, turns in found.items()}
    columns = ["", "requests/s", "p50 ms", "p99 ms", "of the echo", "times mlflow", "failed"]
    rows = [
        [
            name,
            f"{one.rate:,.0f}",
            f"{one.p50:.2f}",
            f"{one.p99:.2f}",
            f"{ratio(found, name, ECHO):.2f}",
            f"{ratio(found, name, MLFLOW):,.1f}" if MLFLOW in found else "",
            str(one.failed),
        ]
        for name, one in figures.items()
    ]
    limits = [("throughput of the echo", ratio(found, OURS, ECHO), ECHO_SHARE, True)]
    if MLFLOW in found:
        limits.append(("throughput of mlflow", ratio(found, OURS, MLFLOW), MLFLOW_TIMES, True))
        limits.append(("p99 of mlflow", figures[OURS].p99 / figures[MLFLOW].p99, MLFLOW_P99, False))
    return [intro, "", format_table(columns, rows), "", *map(describe_limit, limits)], all(map(is_kept, limits))


def ratio(found: Rounds, name: str, other: str) -> float:
    """How many times the other's throughput: the median over the turns, each against the other's same turn."""
    return sorted(one.rate / peer.rate for one, peer in zip(found[name], found[other], strict=True))[
        len(found[name]) // 2
    ]


Limit = tuple[str, float, float, bool]


def is_kept(limit: Limit) -> bool:
    """Whether a figure is at least, or at most, its limit."""
    _, figure, bound, at_least = limit
    return figure >= bound if at_least else figure <= bound


def describe_limit(limit: Limit) -> str:
    """One line of markdown."""
    name, figure, bound, at_least = limit
    words = "at least" if at_least else "at most"
    return f"- {name}: {figure:,.3g} ({words} {bound:g}): {'kept' if is_kept(limit) else 'missed'}"


if __name__ == "__main__":
    main()
