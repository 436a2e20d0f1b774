"""The steps of a rollout, in order: each says what it does, notes it in the lock and writes it to the journal."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from carprice.ops.docker import argv
from carprice.ops.docker.env_file import Release, image_of, pin_candidate, pin_release
from carprice.ops.docker.images import keep_image
from carprice.ops.docker.replicas import Replica, find_project
from carprice.ops.edge.haproxy import CURRENT, NEXT
from carprice.ops.edge.traffic import Witness
from carprice.ops.rollout.bake import Prices, check_prices, read_prices, watch_bake
from carprice.ops.rollout.gates import check_contract, check_golden, check_identity, example_listing
from carprice.ops.rollout.hooks import run_hook
from carprice.ops.rollout.lock import Lock
from carprice.ops.rollout.readiness import check_still_healthy, find_well, start_set, wait_for_health, warm_up
from carprice.ops.rollout.recovery import drain, remove_candidate
from carprice.ops.rollout.shadow import check_shift, measure_shift, read_sample
from carprice.ops.stack_context import Site


@dataclass(frozen=True)
class Plan:
    """What will happen: from which release to which, and what is known of the new model.

    image_id: the image of the new release, which its name may leave for another at any time.
    """

    old: Release
    new: Release
    image_id: str
    live: list[Replica]
    manifest: Mapping[str, Any] | None
    accept_price_shift: bool
    back_to: str = ""

    @property
    def digest(self) -> str | None:
        """The SHA-256 that the new model.pkl must have."""
        return self.manifest["files"]["model.pkl"]["sha256"] if self.manifest else None

    def kept(self, site: Site) -> Release:
        """The new release under the image name that no later build moves."""
        return Release(self.new.name, image_of(self.new.name, find_project(site.runner)), self.new.model)


@dataclass
class Act:
    """A rollout under way.

    candidate: its replicas, once they are healthy. reference: a live replica that is well, what the candidate is
    compared with; None where none is. seconds: of each step that is done.
    """

    site: Site
    plan: Plan
    lock: Lock
    witness: Witness
    seconds: dict[str, float] = field(default_factory=dict)
    candidate: list[Replica] = field(default_factory=list)
    reference: Replica | None = None
    healthy_since: float = 0.0
    old_prices: Prices = field(default_factory=Prices)
    new_prices: Prices = field(default_factory=Prices)

    def start_candidate(self) -> None:
        """Start the candidate beside the old set, as many replicas as that has."""
        site, plan = self.site, self.plan
        with self._step("start", f"Starting {plan.new.name} beside {plan.old.name}", f"Started {plan.new.name}"):
            self.old_prices = read_prices(plan.live)
            keep_image(site, plan.image_id, plan.new.name)
            pin_candidate(site.env_file, plan.kept(site))
            start_set(site, argv.NEXT, len(plan.live))

    def wait_for_candidate(self) -> None:
        """Wait until it is healthy, and warm."""
        count = len(self.plan.live)
        with self._step("health", f"Waiting until {count} replicas are healthy", "Healthy"):
            self.candidate = wait_for_health(self.site, argv.NEXT, count)
            self.healthy_since = time.monotonic()
        with self._step("warm-up", "Warming up", "Warm"):
            warm_up(self.site, self.candidate)

    def pass_gates(self) -> None:
        """Test every replica directly, never through the edge."""
        plan = self.plan
        self.reference = find_well(plan.live)
        if not self.reference:
            self.site.say(f"{plan.old.name} does not answer as it should, so nothing is compared with it")
        with self._step("gates", "Testing identity, contract and golden valuations", "Passed"):
            check_identity(self.candidate, plan.new, plan.digest)
            check_contract(self.candidate, self.reference)
            if plan.manifest:
                check_golden(self.candidate, plan.manifest["golden"])

    def replay_requests(self) -> None:
        """Price recent requests with both releases and compare, where the live one is well."""
        site, plan, reference = self.site, self.plan, self.reference
        if not reference:
            return
        with self._step("shadow", "Replaying recent requests through both", "Compared"):
            listings = read_sample(site.logs_dir, site.limits.shadow_listings)
            if not listings:
                # Without recent requests, what the new model was proven on stands for them.
                golden = plan.manifest["golden"] if plan.manifest else []
                listings = [item["listing"] for item in golden] or [example_listing(reference)]
            shift = measure_shift(reference, self.candidate[0], listings)
            site.journal.add(
                "shift", release=plan.new.name, compared=shift.compared, median=shift.median, p95=shift.p95
            )
            for line in shift.table():
                site.say(line)
            if not plan.accept_price_shift:
                check_shift(shift, site.limits)

    def switch_to_candidate(self) -> None:
        """Send all new requests to the candidate, once it has been healthy for long enough."""
        site, plan = self.site, self.plan
        with self._step("switch", f"Switching the traffic to {plan.new.name}", f"{plan.new.name} serves"):
            addresses = [replica.address for replica in self.candidate]
            site.edge.wait_until_ready(NEXT, addresses, site.limits.health_deadline)
            time.sleep(max(0.0, self.healthy_since + site.limits.settle - time.monotonic()))
            check_still_healthy(site, argv.NEXT, self.candidate)
            self.old_prices = read_prices(plan.live).since(self.old_prices)
            self.new_prices = read_prices(self.candidate)
            self.witness.watch(f"be_{NEXT}")
            site.edge.switch(NEXT)
        run_hook(site, "post-switch", plan.new)

    def drain_old_set(self) -> None:
        """Let the old set finish what it has in hand; it stays warm."""
        site = self.site
        with self._step("drain", f"Draining {self.plan.old.name}", f"Drained {self.plan.old.name}"):
            if left := drain(site, CURRENT):
                self.witness.add_cut(left)
                site.say(f"  {left} requests were still in hand after {site.limits.drain:g} s")

    def bake(self) -> None:
        """Watch the new set with the old one warm beside it."""
        site, plan = self.site, self.plan
        with self._step("bake", f"Watching {plan.new.name} for {site.limits.bake:g} s", "No trouble"):
            watch_bake(site, self.witness, self.candidate)
            if not plan.accept_price_shift:
                new_prices = read_prices(self.candidate).since(self.new_prices)
                check_prices(self.old_prices, new_prices, site.limits)

    def replace_old_set(self) -> None:
        """Make the plain compose state the new release, prove it, and let it serve."""
        site, plan = self.site, self.plan
        count, new = len(plan.live), plan.kept(site)
        with self._step("replace", f"Replacing {plan.old.name}", f"Replaced {plan.old.name}"):
            pin_release(site.env_file, new)
            start_set(site, argv.API, count, recreate=True)
            replicas = wait_for_health(site, argv.API, count)
            warm_up(site, replicas)
            check_identity(replicas, new, plan.digest)
            if plan.manifest:
                check_golden(replicas, plan.manifest["golden"])
        with self._step("return", f"Switching the traffic to {argv.API}", f"{argv.API} serves"):
            addresses = [replica.address for replica in replicas]
            site.edge.wait_until_ready(CURRENT, addresses, site.limits.health_deadline)
            site.edge.switch(CURRENT)
            self.witness.add_cut(drain(site, NEXT))

    def remove_candidate(self) -> None:
        """Leave nothing but the plain compose state."""
        with self._step("remove", "Removing the candidate", "Removed the candidate"):
            remove_candidate(self.site)

    @contextmanager
    def _step(self, name: str, doing: str, done: str) -> Iterator[None]:
        self.lock.note(step=name)
        started = time.monotonic()
        with self.site.step(name, self.plan.new.name, doing, done):
            yield
        self.seconds[name] = round(time.monotonic() - started, 3)
