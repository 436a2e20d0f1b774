"""How the served model does, by prices that came back and by requests: plain Python, which the API runs too."""
