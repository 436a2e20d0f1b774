"""A training whose boosters are steps of an engine, and whose finished steps outlive a kill."""
