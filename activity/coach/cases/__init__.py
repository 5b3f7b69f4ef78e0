"""Learning from other people's weeks: cases, what makes two alike, and the four Rs of case-based reasoning."""
