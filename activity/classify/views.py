"""Views on the same predictions: which kinds a table takes as one class."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from activity.classify.kinds import KIND_INDEX, KINDS

OTHER_CLASS: Final = "other"

_WALKS: Final = ("walk_slow", "walk_mod", "walk_fast")
_STAIRS: Final = ("upstairs", "downstairs")


@dataclass(frozen=True, slots=True)
class View:
    """Classes and the kinds in each. ``other`` competes as one class more and is an error wherever it is said.

    Windows of a kind in ``without`` are left out, and the kind doesn't compete: a model that was never asked for it
    wouldn't have it either.
    """

    name: str
    classes: dict[str, tuple[str, ...]]
    without: tuple[str, ...] = ()

    def codes(self) -> NDArray[np.int64]:
        """Return the class of each of ``KINDS``; ``other`` is ``len(classes)``, a kind left out is -1."""
        code = np.full(len(KINDS), len(self.classes))
        for index, kinds in enumerate(self.classes.values()):
            for kind in kinds:
                code[KIND_INDEX[kind]] = index
        for kind in self.without:
            code[KIND_INDEX[kind]] = -1
        return code

    def probability(self, by_kind: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (n, len(classes) + 1) probabilities of (n, len(KINDS)) ones."""
        code = self.codes()
        out = np.zeros((len(by_kind), len(self.classes) + 1))
        for kind in np.flatnonzero(code >= 0):
            out[:, code[kind]] += by_kind[:, kind]
        return out


VIEWS: Final = {
    view.name: view
    for view in (
        View("9 kinds", {kind.name: (kind.name,) for kind in KINDS if kind.name != OTHER_CLASS}),
        View(
            "5 classes",
            {
                "sitting or lying": ("sitting", "lying"),
                "standing": ("standing",),
                "walking": _WALKS,
                "running": ("jogging",),
                "stairs": _STAIRS,
            },
        ),
        View(
            "4 classes",
            {
                "still": ("sitting", "standing", "lying"),
                "walking": _WALKS,
                "running": ("jogging",),
                "stairs": _STAIRS,
            },
        ),
        View(
            "6 activities",
            {
                "sitting": ("sitting",),
                "standing": ("standing",),
                "lying": ("lying",),
                "walking": _WALKS,
                "running": ("jogging",),
                "stairs": _STAIRS,
            },
        ),
        View(
            "6 classes of the data set",
            {
                "walking": _WALKS,
                "jogging": ("jogging",),
                "sitting": ("sitting",),
                "standing": ("standing",),
                "upstairs": ("upstairs",),
                "downstairs": ("downstairs",),
            },
            without=("lying",),
        ),
    )
}
