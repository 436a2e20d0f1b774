"""Releases on Docker: argv, edge, gates, rollout, journal, lifecycle, doctor."""
