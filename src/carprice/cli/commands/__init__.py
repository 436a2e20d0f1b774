"""One file per command, each a thin adapter over a plain function."""
