"""What the wearer did, and what to do next: recognition, days, the coach, reports, commands."""
