"""Commands that make, judge and choose models."""
