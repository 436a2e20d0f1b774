"""A rollout from preflight to proof, and the way back."""
