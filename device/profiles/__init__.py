"""One module per wristband dialect: notification bytes to samples and back, without I/O."""
