"""How good prices are: the valuation report."""
