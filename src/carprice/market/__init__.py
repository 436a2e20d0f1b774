"""What a listing is: the market file and its kinds of features."""
