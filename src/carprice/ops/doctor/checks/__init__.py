"""The checks: one file per family of symptoms."""
