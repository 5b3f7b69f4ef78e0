"""The power spectra of the streams of a block."""
