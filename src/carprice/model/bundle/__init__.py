"""A model on disk: manifest, pickles and signature, read as if a stranger had written them."""
