"""The names of makes, models and other values, however people write them."""
