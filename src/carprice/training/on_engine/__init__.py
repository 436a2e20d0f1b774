"""A training whose finished steps outlive a kill, and whose boosters may be grown by an engine."""
