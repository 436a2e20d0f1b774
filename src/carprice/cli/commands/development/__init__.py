"""Commands for the image and the code."""
