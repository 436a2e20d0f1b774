"""What stands beside a price: its parts, similar listings, and how it moves with a field."""
