"""Commands that run the service and make releases of it."""
