"""A file of listings to a file of prices."""
