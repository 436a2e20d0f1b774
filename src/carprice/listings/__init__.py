"""Reading, parsing, cleaning and deduplication of listings."""
