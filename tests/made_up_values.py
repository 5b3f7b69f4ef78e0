"""A value set of EQ-5D-5L that is no country's: each level above 1, of each dimension, takes 0.07 off."""

from itertools import product

from activity.questionnaires.value_set import ValueSet

MADE_UP_VALUES = ValueSet(
    "made-up",
    {profile: 1.0 - 0.07 * (sum(profile) - 5) for profile in product(range(1, 6), repeat=5)},
)
