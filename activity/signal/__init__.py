"""From a raw recording to an even, calibrated grid: calibrate, regularise, wear, movement metrics."""
