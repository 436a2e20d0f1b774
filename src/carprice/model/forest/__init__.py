"""The line and the trees of a price: their text, read and bounded, and LightGBM behind it."""
