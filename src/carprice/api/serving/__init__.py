"""The process that answers: Flask and the quick way beside it, its socket, its limits and its watchdog."""
