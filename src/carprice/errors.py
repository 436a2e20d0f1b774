"""Expected failures. One root, caught in one place: the command line."""


class CarPriceError(Exception):
    """What failed, with the value, and the next step to take.

    what: one sentence that names the thing and the value found.
    hint: the next step, a command where there is one; empty where nothing helps.
    """

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.what}\n{self.hint}" if self.hint else self.what


class SettingsError(CarPriceError):
    """A setting from a flag, the environment or a file is not usable."""


class FileError(CarPriceError):
    """A file cannot be written, or would be overwritten."""


class MarketError(CarPriceError):
    """A market file is missing or wrong."""


class ListingsError(CarPriceError):
    """A listings file is missing, unreadable or not of its market."""


class BundleError(CarPriceError):
    """A bundle is missing, damaged, of another format, or does not price as it did in training."""


class TrainingError(CarPriceError):
    """The listings do not make a model."""


class EngineError(CarPriceError):
    """A step cannot be run, or a worker is lost."""


class TrackingError(CarPriceError):
    """MLflow does not answer or refuses."""


class StackError(CarPriceError):
    """A service of the stack cannot be started, reached or stopped."""


class KeysError(CarPriceError):
    """API keys cannot be read, or one cannot be made or revoked."""


class FeedbackError(CarPriceError):
    """Feedback cannot be read or kept."""


class FeedbackBusyError(FeedbackError):
    """Another process has held the file of the feedback for too long."""


class StorageAwayError(FeedbackError):
    """The database of the feedback does not answer: nothing was kept."""


class StorageFullError(FeedbackError):
    """The disk, or the space that feedback may take, is full: nothing was kept."""
