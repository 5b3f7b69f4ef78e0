"""The recipe of the selfBACK prototype, beside which ours are judged (Sani et al., KSEM 2017).

Its features are the sizes of the first 48 coefficients of a discrete cosine transform of x, y, z and |a|. Over ten
seconds these end at 2.4 Hz, so a grid of 25 Hz holds all of them.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct

COEFFICIENTS: Final = 48


def cosine_features(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (n, 192) features of windows (n, width, 3)."""
    four = np.concatenate([rows, np.linalg.norm(rows, axis=2, keepdims=True)], axis=2)
    sizes = np.abs(dct(four, axis=1)[:, :COEFFICIENTS])
    out: NDArray[np.float32] = sizes.transpose(0, 2, 1).reshape(len(rows), -1).astype(np.float32)
    return out
