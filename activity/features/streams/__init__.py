"""From a block of windows to the four streams that don't turn with the band."""
