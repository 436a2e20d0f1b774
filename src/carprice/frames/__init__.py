"""Clean listings as frames: the matrix that the trees see, and prices of many listings at once."""
