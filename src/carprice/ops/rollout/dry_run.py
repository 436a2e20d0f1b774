"""What a rollout would do, in words, without doing any of it."""

from carprice.ops.release import Release, describe_model
from carprice.ops.rollout.live_release import find_live
from carprice.ops.rollout.recovery import has_leftovers
from carprice.ops.rollout.rollout import Wanted, make_plan
from carprice.ops.rollout.steps import Plan
from carprice.ops.stack_context import StackContext


def describe_plan(context: StackContext, wanted: Wanted) -> str:
    """Check what a rollout checks beforehand and say what it would change. Raises what a rollout raises."""
    live = find_live(context)
    context.edge.find_container()
    plan = make_plan(context, wanted, live)
    lines = [f"{live.name} is live already; nothing to do"] if plan is None else _describe_steps(context, plan)
    if wanted.build:
        lines.insert(0, "build     the image first; what follows is about the one that is latest now")
    if has_leftovers(context, live):
        lines.insert(0, "first     what a rollout left that was cut short is taken away")
    return "\n".join([*lines, "Nothing was changed."])


def _describe_steps(context: StackContext, plan: Plan) -> list[str]:
    limits, count = context.limits, len(plan.live)
    shift = f"{limits.price_shift_median:.0%} in the median, {limits.price_shift_p95:.0%} at p95"
    return [
        f"live      {_describe(plan.old)}",
        f"new       {_describe(plan.new)}",
        f"start     {count} replicas of {plan.new.name} beside {len(plan.live)} of {plan.old.name}",
        f"health    {limits.health_passes} passes within {limits.health_deadline:g} s, {limits.settle:g} s long",
        f"warm-up   p95 within {limits.warmup_p95_ms:g} ms",
        f"gates     identity, contract, {'golden, ' if plan.manifest else ''}shadow",
        f"prices    {'may move freely' if plan.accept_price_shift else f'may move by {shift}'}",
        f"switch    then drain {plan.old.name} for {limits.drain:g} s at most",
        f"bake      {limits.bake:g} s, at most {limits.bake_error_share:.1%} failed",
        f"replace   {plan.old.name} by {count} replicas of {plan.new.name}; .env, champion and journal follow",
    ]


def _describe(release: Release) -> str:
    return f"{release.name}: image {release.image}, model {describe_model(release.model)}"
