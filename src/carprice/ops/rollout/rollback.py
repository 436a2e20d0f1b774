"""Back to an earlier release, image and model as one, by the same procedure as forward."""

from carprice.errors import StackError
from carprice.model.bundle.manifest import list_versions
from carprice.ops.docker import argv
from carprice.ops.release import describe_model
from carprice.ops.rollout.history import Entry, list_live
from carprice.ops.rollout.rollout import Outcome, Wanted, roll_out
from carprice.ops.stack_context import StackContext


def roll_back(context: StackContext, name: str = "") -> Outcome:
    """Make an earlier release live again; without a name, the one before the live one.

    It gets a new name, so that the history stays a line. Its prices were accepted once, so the price shift
    is shown but does not stop it. Raises StackError naming what exists where image or model is missing.
    """
    target = find_target(context, name)
    usable = list_usable(context)
    if target.name not in [entry.name for entry in usable]:
        known = ", ".join(f"{entry.name} (model {describe_model(entry.model)})" for entry in usable) or "none"
        raise StackError(
            f"Release {target.name} cannot come back: its image {target.image} or its model "
            f"{describe_model(target.model)} is missing. Usable releases: {known}",
            "Choose one of them: ./carprice rollback RELEASE",
        )
    return roll_out(context, Wanted(target.image, target.model, accept_price_shift=True, back_to=target.name))


def list_usable(context: StackContext) -> list[Entry]:
    """The releases that went live and whose image and model still exist, oldest first."""
    versions = list_versions(context.artifacts_dir)
    return [
        entry
        for entry in list_live(context.journal)
        if context.runner.try_run(argv.inspect_image(entry.image)).code == 0
        and (not entry.release.bundle or entry.model in versions)
    ]


def find_target(context: StackContext, name: str) -> Entry:
    """The release to go back to. Raises StackError where there is none of that name, or none before."""
    entries = list_live(context.journal)
    if name:
        for entry in entries:
            if entry.name == name:
                return entry
        known = ", ".join(entry.name for entry in entries) or "none"
        raise StackError(
            f"There is no release {name!r} that was live. Releases: {known}", "See: ./carprice releases"
        )
    return _find_before(entries, context.live.name)


def _find_before(entries: list[Entry], live: str) -> Entry:
    """The release before the live one, or before the one that it brought back: going back twice never returns."""
    known = {entry.name: entry for entry in entries}
    origin = live
    while origin in known and known[origin].back_to:
        origin = known[origin].back_to
    names = list(known)
    before = names[: names.index(origin)] if origin in known else names
    if not before:
        what = f"{live} is {origin} again, the first release" if origin != live else f"{live} is the first release"
        raise StackError(
            f"{what}: there is none to go back to",
            "See: ./carprice releases. To take any of them: ./carprice rollback RELEASE",
        )
    return known[before[-1]]
