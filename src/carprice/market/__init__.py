"""What a listing is: market files, reading, cleaning and the demo market."""
