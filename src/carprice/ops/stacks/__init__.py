"""One protocol for every kind of stack, and who drives it."""
