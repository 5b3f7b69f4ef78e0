"""How the streams of a block resemble themselves and each other some time later."""
