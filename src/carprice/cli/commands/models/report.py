"""carprice report."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from carprice.cli.console import count_rows, find_room, print_json, say, show_parts
from carprice.cli.options import data_option, engine_options, force_option, json_option, pass_settings
from carprice.engine.start import LOCAL, open_engine
from carprice.engine.steps import hold_work, remove
from carprice.market.market_file import parse_market
from carprice.model.bundle.manifest import find_bundle, read_manifest
from carprice.settings import Settings
from carprice.system.files import open_output

if TYPE_CHECKING:
    from carprice.listings.listings_files import ListingsFiles


@click.command()
@click.argument("version", default="")
@data_option("Judge it by these listings of its market, which came after its training; again for more files.")
@engine_options
@click.option(
    "--html", "page", type=click.Path(path_type=Path), metavar="FILE", help="Write one page with plots too."
)
@force_option
@json_option("the report")
@pass_settings
def report(
    settings: Settings,
    version: str,
    source: "ListingsFiles | None",
    page: Path | None,
    force: bool,
    as_json: bool,
    address: str | None,
    workers: int | None,
) -> None:
    """Show how good the prices of VERSION are; without one, those of the champion.

    By the listings that its training kept aside, or by later ones: overall and by make, age, price, fuel, month
    and confidence, with fields left out, and the worst misses.
    """
    from carprice.evaluation.later_listings import read_report
    from carprice.evaluation.text import format_report

    if (address or workers) and source is None:
        raise click.UsageError("--engine and --workers price the listings of --data in parts: name them.")
    folder = find_bundle(settings.artifacts_dir, version)
    manifest = read_manifest(folder)
    found = _judge(source, folder, settings, address, workers) if source else read_report(manifest)
    if page:
        write_page(page, found, manifest, force)
    if as_json:
        print_json("report", found)
    else:
        click.echo(format_report(found, find_room()))


def _judge(
    source: "ListingsFiles", folder: Path, settings: Settings, address: str | None, workers: int | None
) -> dict[str, Any]:
    """Judge by later listings, in this process or, where they are many, in parts."""
    from carprice.evaluation.later_listings import judge_listings
    from carprice.frames.parts import MIN_PARTS_BYTES, PartPricing
    from carprice.model.pricer import load_pricer

    pricer = load_pricer(folder, settings.trusted_keys)
    if not address and not workers and source.size < MIN_PARTS_BYTES:
        return judge_listings(source, pricer, count_rows(source.find_share_read))
    with (
        hold_work(settings.var_dir / "work" / f"report-{pricer.version}") as work,
        open_engine(address or LOCAL, workers or 0, show_parts()) as engine,
    ):
        pricing = PartPricing(folder, settings.trusted_keys, engine, work)
        found = judge_listings(source, pricer, count_rows(source.find_share_read), pricing.price)
    remove(work)
    return found


def write_page(path: Path, found: dict[str, Any], manifest: dict[str, Any], force: bool) -> None:
    """Write the page of a report. Raises FileError where it exists and force is not given."""
    from carprice.evaluation.page import render_page

    market = parse_market(manifest["market"], f"bundle {manifest['version']}")
    text = render_page(found, market, manifest.get("importance", {}), manifest["version"])
    with open_output(path, force) as stream:
        stream.write(text.encode())
    say(f"Wrote {path}")
