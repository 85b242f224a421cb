"""Two programs on a board: the one that runs, and another that has to prove itself before it stays."""
