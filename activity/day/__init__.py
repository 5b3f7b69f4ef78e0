"""Days and weeks of a wearer, summarised and judged."""
