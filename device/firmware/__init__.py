"""What a band's own software is asked and told: clock, stored logs, self-test, and the image that it runs."""
