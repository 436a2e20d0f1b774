"""A used-car price service: listings in, tracked model out, a fast API in front."""

__version__ = "0.1.0"
