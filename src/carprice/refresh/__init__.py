"""One command from a new file of listings to the model that serves."""
