"""A used-car price service: listings in, tracked model out, a fast API in front.

In Python: `load_pricer`, `train` and `report`, which docs/python.md describes.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_OFFERED = {
    "load_pricer": "carprice.notebook.pricing",
    "train": "carprice.notebook.models",
    "report": "carprice.notebook.models",
}
"""By name its module, imported when it is asked for: the service needs none of them."""


def __getattr__(name: str) -> Any:
    if name not in _OFFERED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_OFFERED[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_OFFERED])
