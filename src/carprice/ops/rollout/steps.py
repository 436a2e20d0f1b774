"""The steps of a rollout, in order: each says what it does, notes it in the lock and writes it to the journal."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from carprice.names import API, CANDIDATE
from carprice.ops.docker.env_file import find_project
from carprice.ops.docker.images import keep_image
from carprice.ops.edge.haproxy import CURRENT, NEXT
from carprice.ops.edge.traffic import TrafficMonitor
from carprice.ops.instance import Instance
from carprice.ops.lock import Lock
from carprice.ops.release import Release, image_of, pin_candidate, pin_release
from carprice.ops.rollout.bake import Prices, check_prices, read_prices
from carprice.ops.rollout.gates import check_contract, check_golden, check_identity
from carprice.ops.rollout.hooks import run_hook
from carprice.ops.rollout.readiness import check_still_healthy, start_set, wait_for_health, watch_bake
from carprice.ops.rollout.recovery import drain, remove_candidate
from carprice.ops.rollout.shadow import check_shift, fill_sample, measure_shift
from carprice.ops.rollout.warmup import find_healthy, warm_up
from carprice.ops.stack_context import StackContext
from carprice.recent_requests import read_sample
from carprice.system.http import Address


@dataclass(frozen=True)
class Plan:
    """What will happen: from which release to which, and what is known of the new model.

    image_id: the image of the new release, which its name may leave for another at any time.
    """

    old: Release
    new: Release
    image_id: str
    live: list[Instance]
    manifest: Mapping[str, Any] | None
    accept_price_shift: bool
    back_to: str = ""

    @property
    def addresses(self) -> list[Address]:
        """Where the live set answers."""
        return list_addresses(self.live)

    @property
    def digest(self) -> str | None:
        """The SHA-256 that the new model.pkl must have."""
        return self.manifest["files"]["model.pkl"]["sha256"] if self.manifest else None

    def kept(self, context: StackContext) -> Release:
        """The new release under the image name that no later build moves."""
        return Release(self.new.name, image_of(self.new.name, find_project(context.runner)), self.new.model)


@dataclass
class RolloutRun:
    """A rollout under way.

    candidate: its replicas, once they are healthy. reference: a live replica that is healthy, what the candidate
    is compared with; None where none is. seconds: of each step that is done.
    """

    context: StackContext
    plan: Plan
    lock: Lock
    monitor: TrafficMonitor
    seconds: dict[str, float] = field(default_factory=dict)
    candidate: list[Instance] = field(default_factory=list)
    reference: Address | None = None
    healthy_since: float = 0.0
    old_prices: Prices = field(default_factory=Prices)
    new_prices: Prices = field(default_factory=Prices)

    def start_candidate(self) -> None:
        """Start the candidate beside the old set, as many replicas as that has."""
        context, plan = self.context, self.plan
        with self._step("start", f"Starting {plan.new.name} beside {plan.old.name}", f"Started {plan.new.name}"):
            self.old_prices = read_prices(plan.addresses)
            keep_image(context, plan.image_id, plan.new.name)
            pin_candidate(context.env_file, plan.kept(context))
            start_set(context, CANDIDATE, len(plan.live))

    def wait_for_candidate(self) -> None:
        """Wait until it is healthy, and warm."""
        count = len(self.plan.live)
        with self._step("health", f"Waiting until {count} replicas are healthy", "Healthy"):
            self.candidate = wait_for_health(self.context, CANDIDATE, count)
            self.healthy_since = time.monotonic()
        with self._step("warm-up", "Warming up", "Warm"):
            warm_up(self.context.limits, list_addresses(self.candidate))

    def pass_gates(self) -> None:
        """Test every replica directly, never through the edge."""
        plan = self.plan
        self.reference = find_healthy(plan.addresses)
        addresses = list_addresses(self.candidate)
        if not self.reference:
            self.context.say(f"{plan.old.name} does not answer as it should, so nothing is compared with it")
        with self._step("gates", "Testing identity, contract and golden valuations", "Passed"):
            check_identity(addresses, plan.new.name, plan.new.bundle, plan.digest)
            check_contract(addresses, self.reference)
            if plan.manifest:
                check_golden(addresses, plan.manifest["golden"])

    def replay_requests(self) -> None:
        """Price recent requests with both releases and compare, where the live one is healthy."""
        context, plan, reference = self.context, self.plan, self.reference
        if not reference:
            return
        with self._step("shadow", "Replaying recent requests through both", "Compared"):
            listings = read_sample(context.logs_dir, context.limits.shadow_listings)
            golden = plan.manifest["golden"] if plan.manifest else []
            shift = measure_shift(reference, self.candidate[0].address, fill_sample(listings, golden, reference))
            context.journal.try_add(
                "shift", release=plan.new.name, compared=shift.compared, median=shift.median, p95=shift.p95
            )
            for line in shift.table().splitlines():
                context.say(line)
            if not plan.accept_price_shift:
                check_shift(shift, context.limits)

    def switch_to_candidate(self) -> None:
        """Send all new requests to the candidate, once it has been healthy for long enough."""
        context, plan = self.context, self.plan
        with self._step("switch", f"Switching the traffic to {plan.new.name}", f"{plan.new.name} serves"):
            context.edge.wait_for_ready(NEXT, list_hosts(self.candidate), context.limits.health_deadline)
            time.sleep(max(0.0, self.healthy_since + context.limits.settle - time.monotonic()))
            check_still_healthy(context, CANDIDATE, self.candidate)
            self.old_prices = read_prices(plan.addresses).since(self.old_prices)
            self.new_prices = read_prices(list_addresses(self.candidate))
            self.monitor.watch(f"be_{NEXT}")
            context.edge.switch(NEXT)
        run_hook(context, "post-switch", plan.new)

    def drain_old_set(self) -> None:
        """Let the old set finish its requests in flight; it stays warm."""
        context = self.context
        with self._step("drain", f"Draining {self.plan.old.name}", f"Drained {self.plan.old.name}"):
            if left := drain(context, CURRENT):
                self.monitor.add_cut(left)
                context.say(f"  {left} requests were still in flight after {context.limits.drain:g} s")

    def bake(self) -> None:
        """Watch the new set with the old one warm beside it."""
        context, plan = self.context, self.plan
        with self._step("bake", f"Watching {plan.new.name} for {context.limits.bake:g} s", "No trouble"):
            watch_bake(context, self.monitor, self.candidate)
            if not plan.accept_price_shift:
                new_prices = read_prices(list_addresses(self.candidate)).since(self.new_prices)
                check_prices(self.old_prices, new_prices, context.limits)

    def replace_old_set(self) -> None:
        """Make the plain compose state the new release, prove it, and let it serve."""
        context, plan = self.context, self.plan
        count, new = len(plan.live), plan.kept(context)
        with self._step("replace", f"Replacing {plan.old.name}", f"Replaced {plan.old.name}"):
            pin_release(context.env_file, new)
            start_set(context, API, count, recreate=True)
            replicas = wait_for_health(context, API, count)
            addresses = list_addresses(replicas)
            warm_up(context.limits, addresses)
            check_identity(addresses, new.name, new.bundle, plan.digest)
            if plan.manifest:
                check_golden(addresses, plan.manifest["golden"])
        with self._step("return", f"Switching the traffic to {API}", f"{API} serves"):
            context.edge.wait_for_ready(CURRENT, list_hosts(replicas), context.limits.health_deadline)
            context.edge.switch(CURRENT)
            self.monitor.add_cut(drain(context, NEXT))

    def remove_candidate(self) -> None:
        """Leave nothing but the plain compose state."""
        with self._step("remove", "Removing the candidate", "Removed the candidate"):
            remove_candidate(self.context)

    @contextmanager
    def _step(self, name: str, doing: str, done: str) -> Iterator[None]:
        self.lock.note(step=name)
        started = time.monotonic()
        with self.context.step(name, self.plan.new.name, doing, done):
            yield
        self.seconds[name] = round(time.monotonic() - started, 3)


def list_addresses(replicas: Sequence[Instance]) -> list[Address]:
    """Where each of the replicas answers."""
    return [replica.address for replica in replicas]


def list_hosts(replicas: Sequence[Instance]) -> list[str]:
    """The hosts of the replicas, by which the edge knows them."""
    return [replica.address.host for replica in replicas]
