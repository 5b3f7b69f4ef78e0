"""Reads GENEActiv files (.bin): what the header says of the device, where its pages are, and the samples in them."""
