"""What the views share: the settings, the loaded model or the reason there is none, metrics and logs."""

import threading
import time
from pathlib import Path

from carprice.api.decoding import ListingDecoder
from carprice.api.metrics import Metrics
from carprice.api.requestlog import RequestLog
from carprice.errors import CarPriceError
from carprice.model.manifest import champion_version, find_bundle
from carprice.model.pricer import Pricer, load_pricer
from carprice.settings import Settings

LOOK_AGAIN_SECONDS = 1.0
NO_VERSION = "none"
ARTIFACTS = "artifacts"
FALLBACK = "fallback"
SECURITY = (("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"))


class LoadedModel:
    """A proven pricer and what the API makes of it once."""

    def __init__(self, pricer: Pricer, source: str) -> None:
        self.pricer = pricer
        self.source = source
        self.version = pricer.version
        self.currency = pricer.market.currency
        self.decoder = ListingDecoder(pricer.market)
        self.loaded_at = time.time()


class Service:
    """One process's service. Without a `model`, `reason` says why; a model of the settings, once loaded, stays.

    The fallback is the demo model of the image: it serves while there is no champion, and is replaced by the
    first one.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.started_at = time.time()
        self.metrics = Metrics()
        self.log = RequestLog(settings)
        self.model: LoadedModel | None = None
        self.reason: CarPriceError | None = None
        self.batches = threading.BoundedSemaphore(settings.max_batches)
        self._closed = threading.Event()
        self._set_version(NO_VERSION)

    def _set_version(self, version: str) -> None:
        """The loaded model's version, or `none`, and with it the headers that every answer has."""
        self.version = version
        self.headers = (("X-Model-Version", version), ("X-Release", self.settings.release), *SECURITY)

    def load(self) -> bool:
        """Try to load the model of the settings; say the reason once where it cannot be had.

        Returns whether it is loaded: the fallback serves, but is not what the settings ask for.
        """
        try:
            folder, source = self._find_folder()
            if self.model and source == FALLBACK:
                return False
            model = LoadedModel(load_pricer(folder), source)
        except CarPriceError as error:
            if str(error) != str(self.reason):
                self.log.error("model not loaded", reason=str(error))
            self.reason = error
            return False
        digest = model.pricer.manifest["files"]["model.pkl"]["sha256"]
        self.metrics.set_model(model.version, digest, model.currency)
        self.reason, self.model = None, model
        self._set_version(model.version)
        self.log.info("model loaded", model_version=model.version, source=source)
        return source != FALLBACK

    def load_or_watch(self) -> None:
        """Load the model now, or keep looking for it in the background until it is there."""
        if not self.load():
            threading.Thread(target=self._watch, name="model-watch", daemon=True).start()

    def _find_folder(self) -> tuple[Path, str]:
        artifacts_dir, wanted = self.settings.artifacts_dir, self.settings.model_version
        fallback = self.settings.fallback_dir
        if fallback and not wanted and champion_version(artifacts_dir) is None:
            return find_bundle(Path(fallback)), FALLBACK
        return find_bundle(artifacts_dir, wanted), ARTIFACTS

    def close(self) -> None:
        """Stop looking for a model and close the logs."""
        self._closed.set()
        self.log.close()

    def _watch(self) -> None:
        while not self._closed.wait(LOOK_AGAIN_SECONDS) and not self.load():
            pass
