"""What the views share: settings, the loaded model or why there is none, metrics and logs."""

import re
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from msgspec import UNSET, UnsetType

from carprice.api.admission import Admission
from carprice.api.decoding import ListingDecoder
from carprice.api.metrics import Metrics
from carprice.api.monitor_gauges import MonitorGauges
from carprice.api.replicas import Replicas
from carprice.api.request_log import RequestLog
from carprice.api.responses import RETRY, RefusedError
from carprice.api.traffic import TrafficHistory
from carprice.api.uploads import UploadSlots
from carprice.errors import BundleError, CarPriceError
from carprice.feedback.opening import open_store
from carprice.feedback.samples import Samples
from carprice.market.kinds import Value
from carprice.model.bundle.manifest import find_bundle, holds_model, read_manifest
from carprice.model.evidence.comparables import ComparableFinder, Comparables, find_none, load_finder
from carprice.model.evidence.seen_together import SeenTogether
from carprice.model.input_warnings import InputWarning
from carprice.model.moved_level import move_pricer, read_level, share_moved
from carprice.model.pricer import Pricer, load_pricer
from carprice.monitor.monitor import Monitor, build_monitor
from carprice.names import ARTIFACTS, FALLBACK, IMAGE_MODEL
from carprice.settings import Settings

RETRY_SECONDS = 1.0
LEVEL_SECONDS = 5.0
"""Between looks at the file of the index."""
PAUSE_PER_LOAD = 10
MONITORED_ENTRIES = 5000
"""Prices that came back which the gauges are of; carprice monitor takes all."""
NO_VERSION = "none"
_VALUE = re.compile(r" \(got .*\)", re.DOTALL)
SECURITY = (("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"))


class LoadedModel:
    """A pricer that has priced its golden listings, and what the API derives from it once."""

    def __init__(self, pricer: Pricer, source: str, folder: Path, index_moved: float | UnsetType = UNSET) -> None:
        self.pricer = pricer
        self.index_moved = index_moved
        self.folder = folder
        self.source = source
        self.version = pricer.version
        self.currency = pricer.market.currency
        self.decoder = ListingDecoder(pricer.market)
        self.as_of = pricer.as_of.isoformat() if pricer.as_of else None
        self._finding = threading.Lock()
        self._finder: ComparableFinder | None = None
        self._has_looked = False
        self._age_warnings: tuple[date, tuple[InputWarning, ...]] | None = None

    def age_warnings(self, max_days: int) -> tuple[InputWarning, ...]:
        """That the model is old; found out once a day."""
        today = date.today()
        if self._age_warnings is None or self._age_warnings[0] != today:
            self._age_warnings = today, self.pricer.warn_of_age(today, max_days)
        return self._age_warnings[1]

    def find_comparables(
        self, values: Sequence[Value], count: int, car: str | None, asking: float | None
    ) -> Comparables:
        """As ComparableFinder.find; the bundle's listings are read when they are asked for first.

        Raises BundleError where they are damaged.
        """
        finder = self.open_finder()
        return finder.find(values, count, car, asking) if finder else find_none()

    def open_finder(self) -> ComparableFinder | None:
        """What finds comparables; None where the bundle keeps no listings. Raises BundleError for damaged ones."""
        if not self._has_looked:
            with self._finding:
                if not self._has_looked:
                    self._finder = load_finder(self.folder, self.pricer)
                    self._has_looked = True
        return self._finder

    @cached_property
    def seen(self) -> SeenTogether:
        """Which values were seen together; of damaged comparables nothing."""
        finder = None
        with suppress(BundleError):
            finder = self.open_finder()
        return SeenTogether(self.pricer, finder)

    def find_run(self) -> dict[str, Any] | None:
        """Its MLflow run. The manifest may name it only after the model was loaded: a training adds it last."""
        run: dict[str, Any] | None = self.pricer.manifest.get("mlflow")
        if not run:
            with suppress(BundleError):
                run = self.pricer.manifest["mlflow"] = read_manifest(self.folder).get("mlflow")
        return run


class ServiceState:
    """The state of one process. `reason` says why there is no model; the model that the settings ask for stays.

    The fallback is the demo model of the image: it serves until there is a champion. The model version `image`
    asks for the fallback whether or not there is a champion, as a rollback to it does.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.started = time.monotonic()
        self.metrics = Metrics()
        self.traffic = TrafficHistory(self.metrics)
        self.log = RequestLog(settings)
        self.admission = Admission(settings, self.log) if settings.api_keys or settings.address_rate else None
        self.feedback = open_store(settings)
        self.samples = Samples(settings.logs_dir)
        self.monitor = MonitorGauges(self._measure, self._note_failure)
        self.metrics.add_collector(self.monitor)
        self.replicas = Replicas(settings.replica_names)
        self.model: LoadedModel | None = None
        self.reason = "It is being loaded"
        self.bodies_in_progress: set[int] = set()
        self.uploads = UploadSlots(settings.threads)
        self.batches = threading.BoundedSemaphore(settings.max_batches)
        self._closed = threading.Event()
        self._level_reason = ""
        self._set_version(NO_VERSION)

    def require_model(self) -> LoadedModel:
        """The loaded model. Raises RefusedError with 503 and the reason where there is none."""
        model = self.model
        if model is None:
            raise RefusedError(503, f"No model is loaded: {self.public_reason}", headers=(RETRY,))
        return model

    @property
    def public_reason(self) -> str:
        """The reason for strangers: without the folders of this machine and the values that were found."""
        settings = self.settings
        others = [Path(name) for name in (settings.fallback_dir, settings.trusted_keys) if name]
        folders = (settings.artifacts_dir, *others)
        reason = self.reason
        for folder in folders:
            reason = reason.replace(f"{folder}/", "").replace(str(folder), folder.name)
        return _VALUE.sub("", reason)

    def load(self) -> bool:
        """Try to load the model that the settings ask for; log the reason once where that fails.

        Returns whether it is loaded: the fallback serves, but is not what they ask for.
        """
        try:
            folder, source = self._find_folder()
            if self.model and source == FALLBACK:
                return False
            pricer = load_pricer(folder, self._trusted(source))
            model = self._move_level(LoadedModel(pricer, source, folder))
        except CarPriceError as error:
            self._note_reason(f"{error.what}. {error.hint}" if error.hint else error.what)
            return False
        except Exception:  # a bug, which should end neither the service nor the search for a model
            self._note_reason("The service failed on it; its log has the traceback", traceback.format_exc())
            return False
        self._use_model(model)
        return source != FALLBACK or self.settings.model_version == IMAGE_MODEL

    def load_or_watch(self) -> None:
        """Load the model now, or try again in the background until it is loaded."""
        if self.settings.index_bound:
            threading.Thread(target=self._follow_level, name="index", daemon=True).start()
        if not self.load():
            threading.Thread(target=self._watch, name="model-watch", daemon=True).start()

    def log_crash(self, environ: Mapping[str, Any]) -> None:
        """Log the exception being handled: a bug, which the client learns nothing of."""
        self.log.add_crash(
            time.perf_counter(),
            request_id=environ["carprice.request_id"],
            path=environ["PATH_INFO"],
            traceback=traceback.format_exc(),
        )

    def close(self) -> None:
        """Stop loading, write the pending log lines and close the logs."""
        self._closed.set()
        self.feedback.close()
        self.log.close()

    def _find_folder(self) -> tuple[Path, str]:
        artifacts_dir, wanted = self.settings.artifacts_dir, self.settings.model_version
        fallback = self.settings.fallback_dir
        is_asked_for = wanted == IMAGE_MODEL or (not wanted and not holds_model(artifacts_dir))
        if fallback and is_asked_for:
            return find_bundle(Path(fallback)), FALLBACK
        return find_bundle(artifacts_dir, wanted), ARTIFACTS

    def _move_level(self, model: LoadedModel) -> LoadedModel:
        """The model at the level of artifacts/level.json, as far as the settings allow."""
        bound = self.settings.index_bound
        if not bound:
            return model
        try:
            level = read_level(self.settings.artifacts_dir, model.version, bound)
        except BundleError as error:
            self._note_level(error.what)
            level = 0.0
        pricer = move_pricer(model.pricer, level)
        if model.index_moved == share_moved(pricer):
            return model
        return LoadedModel(pricer, model.source, model.folder, share_moved(pricer))

    def _follow_level(self) -> None:
        """Serve prices at another level soon after `carprice index` has written it."""
        while not self._closed.wait(LEVEL_SECONDS):
            if (model := self.model) and (moved := self._move_level(model)) is not model and self.model is model:
                self.model = moved
                self.log.info("index moved", model_version=moved.version, index_moved=moved.index_moved)

    def _note_level(self, reason: str) -> None:
        if reason != self._level_reason:
            self.log.error("index not moved", reason=reason)
        self._level_reason = reason

    def _trusted(self, source: str) -> str:
        """The keys for a bundle; the image's own model needs none: who writes the image writes this code."""
        return "" if source == FALLBACK else self.settings.trusted_keys

    def _note_reason(self, reason: str, trace: str = "") -> None:
        if reason != self.reason:
            self.log.error("model not loaded", reason=reason, **({"traceback": trace} if trace else {}))
        self.reason = reason

    def _use_model(self, model: LoadedModel) -> None:
        digest = model.pricer.manifest["files"]["model.pkl"]["sha256"]
        self.metrics.set_model(model.version, digest, model.currency)
        self.model = model
        if model.source == FALLBACK:
            self.reason = "" if self.settings.model_version == IMAGE_MODEL else "There is no champion yet"
        self._set_version(model.version)
        self.log.info("model loaded", model_version=model.version, source=model.source)

    def _measure(self) -> Monitor | None:
        """What the monitor finds of the loaded model, by the newest prices that came back."""
        if self.model is None:
            return None
        entries = self.feedback.list_newest
        return build_monitor(self.model.pricer, lambda _: entries(MONITORED_ENTRIES), self.settings)

    def _note_failure(self, trace: str) -> None:
        self.log.error("not monitored", traceback=trace)

    def _set_version(self, version: str) -> None:
        """The loaded model's version, or `none`, and with it the headers that every answer has."""
        self.version = version
        self.headers = (("X-Model-Version", version), ("X-Release", self.settings.release), *SECURITY)

    def _watch(self) -> None:
        pause = RETRY_SECONDS
        while not self._closed.wait(pause):
            began = time.monotonic()
            if self.load():
                return
            # A damaged bundle is read and hashed at each try, which should not keep a core busy.
            pause = max(RETRY_SECONDS, PAUSE_PER_LOAD * (time.monotonic() - began))
