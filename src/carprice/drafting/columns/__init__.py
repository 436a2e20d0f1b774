"""The columns of an unknown file: what their names and values say of them."""
