"""What is wrong with a stack, why, and the command that mends it. One file per family of symptoms."""
