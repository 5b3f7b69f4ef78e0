"""How hard a text is to read."""

import re


def syllables(word: str) -> int:
    groups = re.findall(r"[aeiouy]+", word.lower())
    silent = word.lower().endswith("e") and not word.lower().endswith("le") and len(groups) > 1
    return max(1, len(groups) - silent)


def grade(text: str) -> float:
    """Flesch-Kincaid grade; 6 is about twelve years of age (Kincaid et al., 1975). A placeholder reads as one word."""
    text = re.sub(r"\{\w+\}", "ten", text)
    sentences = [part for part in re.split(r"[.!?:]+", text) if re.search(r"\w", part)]
    words = re.findall(r"[A-Za-z’']+", text)
    return 0.39 * len(words) / len(sentences) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59
