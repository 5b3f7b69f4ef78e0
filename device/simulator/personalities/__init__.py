"""Wristbands of others as they behave on the virtual air: one module each, and one row in `table`."""
