"""A model's prices in Python: of one listing, or of a frame of pandas or polars."""

import os
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from carprice.model.bundle.manifest import find_bundle
from carprice.model.pricer import Pricer
from carprice.model.pricer import load_pricer as load_bundle
from carprice.model.valuation import Breakdown, Valuation
from carprice.settings import load_settings
from carprice.tracking.listing_pricer import COLUMNS, ListingPricer

if TYPE_CHECKING:
    import polars as pl


class NotebookPricer:
    """Prices listings as the HTTP API does, at the level of the training. Safe to share between threads."""

    def __init__(self, pricer: Pricer) -> None:
        self._pricer = pricer
        self._frames = ListingPricer(pricer)

    def __repr__(self) -> str:
        return f"<pricer {self.version} of market {self._pricer.market.name}>"

    @property
    def version(self) -> str:
        """The model's version."""
        return self._pricer.version

    @property
    def as_of(self) -> date | None:
        """The last day that it learnt from."""
        return self._pricer.as_of

    @property
    def fields(self) -> list[str]:
        """The fields of a listing."""
        return [feature.name for feature in self._pricer.market.features]

    def price(self, listing: Mapping[str, Any]) -> Valuation:
        """What a car is worth: price, low, high and confidence. Raises ListingsError naming every wrong field."""
        return self._pricer.price(listing)

    def explain(self, listing: Mapping[str, Any]) -> Breakdown:
        """What each field adds to the price. Raises ListingsError naming every wrong field."""
        return self._pricer.explain(listing)

    def price_frame(self, listings: Any) -> Any:
        """Of each row price, low, high, confidence, warnings and problem, in a frame of the same library.

        listings: of pandas or polars, its columns the fields of the API; None and NaN are not given, other columns
        are ignored. A row with a problem has no price. Raises TypeError for anything else.
        """
        library = type(listings).__module__.split(".")[0]
        if library == "polars" and hasattr(listings, "to_dicts"):
            return self._price_polars(listings)
        if library == "pandas" and hasattr(listings, "notna"):
            return self._frames.predict(listings[[name for name in self.fields if name in listings.columns]])
        raise TypeError(f"listings should be a DataFrame of pandas or polars (got {type(listings).__name__})")

    def _price_polars(self, listings: "pl.DataFrame") -> "pl.DataFrame":
        import polars as pl

        known = listings.select([name for name in self.fields if name in listings.columns])
        floats = [name for name, kind in known.schema.items() if kind.is_float()]
        days = [name for name, kind in known.schema.items() if kind == pl.Date]
        known = known.with_columns(pl.col(floats).fill_nan(None), pl.col(days).cast(pl.String))
        rows = known.to_dicts() if known.width else [{}] * listings.height
        plain = [{name: value for name, value in row.items() if value is not None} for row in rows]
        schema: dict[str, Any] = dict.fromkeys(COLUMNS[:3], pl.Int64) | dict.fromkeys(COLUMNS[3:], pl.String)
        return pl.DataFrame(self._frames.price_records(plain), schema=schema, orient="row")


def load_pricer(version: str = "") -> NotebookPricer:
    """Load a model, without a version the champion. Raises BundleError naming what exists instead.

    Models are found as the command line finds them: in CARPRICE_ARTIFACTS_DIR, else in artifacts/ of the checkout.
    """
    settings = load_settings(os.environ)
    folder = find_bundle(settings.artifacts_dir, version or settings.model_version)
    return NotebookPricer(load_bundle(folder, settings.trusted_keys))
