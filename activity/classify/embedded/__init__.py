"""A recogniser that fits on a band: features and trees in whole numbers, the same in Python and in C99."""
