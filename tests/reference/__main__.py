"""Write docs/http.md, docs/cli.md and docs/licences.md: `python -m tests.reference`, in the checkout."""

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Make a small model, ask the service everything, write the pages."""
    sys.path.insert(0, str(ROOT / "src"))
    from tests.bundles import grow_bundle, invent_uk_listings
    from tests.reference.cli import write_cli
    from tests.reference.http import write_http
    from tests.reference.licences import write_licences

    from carprice.api.serving.app import create_app
    from carprice.market.market_file import load_market
    from carprice.settings import Settings

    with tempfile.TemporaryDirectory() as folder:
        market = load_market("uk", ROOT / "markets")
        grow_bundle(Path(folder), invent_uk_listings(market), market)
        settings = Settings(
            artifacts_dir=Path(folder), logs_dir=Path(folder) / "logs", var_dir=Path(folder) / "var"
        )
        app = create_app(settings)
        (ROOT / "docs" / "http.md").write_text(write_http(app))
        app.extensions["carprice"].close()
    (ROOT / "docs" / "cli.md").write_text(write_cli())
    (ROOT / "docs" / "licences.md").write_text(write_licences(ROOT))


if __name__ == "__main__":
    main()
