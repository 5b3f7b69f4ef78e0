"""A virtual wristband on a real Bluetooth LE stack, and the motion that it plays."""
