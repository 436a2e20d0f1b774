"""The bundle on disk and the pricer that runs it: the serving core."""
