"""What is wrong with a stack, why, and the command that fixes it. One file per family of symptoms."""
