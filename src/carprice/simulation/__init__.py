"""The demo market: statistics of real listings, listings drawn from them, a model of those."""
