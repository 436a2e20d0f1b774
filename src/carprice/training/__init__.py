"""Listings to bundle: split, fit, calibrate, evaluate, track."""
