"""Operating a stack: start, health, rollout, doctor."""
