"""What a rollout would do, in words, without doing any of it."""

from carprice.deploy.history import list_releases
from carprice.deploy.release import next_name
from carprice.deploy.rollout import Wanted, make_plan
from carprice.deploy.site import Site

OWN_MODEL = "the image's own"


def describe_plan(site: Site, wanted: Wanted) -> str:
    """Check what a rollout checks beforehand and say what it would change. Raises what a rollout raises."""
    plan = make_plan(site, wanted, next_name([entry.name for entry in list_releases(site.journal)]))
    if plan is None:
        return f"{site.live.name} is live already; nothing to do"
    old, new, limits = plan.old, plan.new, site.limits
    shifts = f"{limits.price_shift_median:.0%} (median), {limits.price_shift_p95:.0%} (p95)"
    return "\n".join(
        (
            f"live      {old.name}: image {old.image}, model {old.model or OWN_MODEL}",
            f"new       {new.name}: image {new.image}, model {new.model or OWN_MODEL}",
            f"replicas  {limits.replicas} beside {len(plan.live)}",
            f"gates     prices may move by {shifts}",
            f"bake      {limits.bake:g} s, at most {limits.bake_error_share:.1%} failed",
            "Nothing was changed.",
        )
    )
