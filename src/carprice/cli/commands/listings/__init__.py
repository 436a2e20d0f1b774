"""Commands that price listings, and work on files of them."""
