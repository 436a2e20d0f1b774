"""A market file for an unknown listings file."""
