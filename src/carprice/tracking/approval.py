"""What a promotion asks first: whether the model is worse than the champion by more than the limits."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from carprice.errors import BundleError, CarPriceError
from carprice.model.bundle.manifest import check_version, find_bundle, read_manifest, usable_champion
from carprice.model.pricer import load_pricer
from carprice.settings import Settings

if TYPE_CHECKING:
    from carprice.evaluation.comparison import Comparison
    from carprice.listings.listings_files import Source

Say = Callable[[str], None]


@dataclass(frozen=True)
class Approval:
    """Why a model may become the champion. reasons: the limits that it breaks, which was accepted by force.

    comparison: with the champion, None where there is none to compare with. why: in the words of who promotes.
    """

    comparison: "Comparison | None" = None
    reasons: list[str] = field(default_factory=list)
    why: str = ""

    @property
    def figures(self) -> dict[str, Any] | None:
        """What the record of a promotion keeps of the comparison: all but the segments."""
        if self.comparison is None:
            return None
        return {key: self.comparison[key] for key in ("champion", "listings", "overall", "result")}


def approve_promotion(
    version: str,
    settings: Settings,
    source: "Source | None" = None,
    why: str = "",
    force: bool = False,
    say: Say = print,
) -> Approval:
    """Compare a version with the champion, by a file where there is one, and hold it against the limits.

    Without a file it is compared where both were judged by the same listings, else not at all. Raises BundleError
    where it breaks a limit, and what compare_bundles raises; force takes both as they are.
    """
    check_version(version)
    champion = usable_champion(settings.artifacts_dir)
    if champion in (None, version) or not _has_prices(champion or "", settings, say):
        return Approval(why=why)
    try:
        comparison = _compare(version, champion or "", settings, source)
    except CarPriceError as error:
        if not force:
            raise
        say(f"Warning: {error.what}")
        comparison = None
    if comparison is None:
        return Approval(why=why)
    return judge(comparison, settings, why, force, say)


def judge(comparison: "Comparison", settings: Settings, why: str, force: bool, say: Say) -> Approval:
    """Say the verdict. Raises BundleError where a limit is broken, unless it is forced."""
    from carprice.evaluation.comparison_text import describe_comparison, describe_verdict
    from carprice.evaluation.promotion_limits import find_reasons

    reasons = find_reasons(comparison, settings)
    if reasons and not force:
        version = comparison["challenger"]
        raise BundleError(
            f"{version} is worse than the champion {comparison['champion']}, so nothing was promoted. "
            f"{'; '.join(reasons)}",
            f"See all of it: ./carprice compare {version}. Promote it all the same: ./carprice promote {version} "
            "--force --why TEXT",
        )
    for line in [describe_comparison(comparison), *describe_verdict(comparison, reasons)]:
        say(line)
    return Approval(comparison, reasons, why)


def _has_prices(champion: str, settings: Settings, say: Say) -> bool:
    """Whether the champion can be loaded; one that cannot is no obstacle to what takes its place."""
    try:
        load_pricer(find_bundle(settings.artifacts_dir, champion), settings.trusted_keys)
    except CarPriceError as error:
        say(f"Warning: there is no champion to compare with: {error.what}")
        return False
    return True


def _compare(version: str, champion: str, settings: Settings, source: "Source | None") -> "Comparison | None":
    from carprice.evaluation.unlearnt import compare_bundles, compare_reports, is_same_test

    new, old = (find_bundle(settings.artifacts_dir, name) for name in (version, champion))
    if source is not None:
        return compare_bundles(new, old, source, settings.trusted_keys)
    manifests = read_manifest(new), read_manifest(old)
    return compare_reports(*manifests) if is_same_test(*manifests) else None
