"""The palette can be read in both themes, and activities stay apart for colour-blind eyes."""

from itertools import combinations

import numpy as np
import pytest

from activity.report.charts import HEIGHT, PATTERNED
from activity.report.palette import DARK, LIGHT, SHAPES_ON_CARD, TEXT_ON, Theme, contrast, css_variables

THEMES = [LIGHT, DARK]
#: Viénot, Brettel and Mollon (1999), in linear sRGB.
DEUTERANOPIA = np.array([[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]])
PROTANOPIA = np.array([[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]])


def linear(colour: str) -> np.ndarray:
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(np.clip(to_xyz @ np.clip(rgb, 0, 1) / [0.9505, 1.0, 1.089], 0.008856, None))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_contrast_is_21_between_black_and_white_and_1_of_a_colour_with_itself() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#123456", "#123456") == 1


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("text", "ground"), TEXT_ON)
def test_text_has_a_contrast_of_at_least_4_5(theme: Theme, text: str, ground: str) -> None:
    assert contrast(getattr(theme, text), getattr(theme, ground)) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("shape", SHAPES_ON_CARD)
def test_shapes_have_a_contrast_of_at_least_3(theme: Theme, shape: str) -> None:
    assert contrast(getattr(theme, shape), theme.card) >= 3


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("sight", [np.eye(3), DEUTERANOPIA, PROTANOPIA])
def test_activities_differ_in_colour_or_clearly_in_height_for_every_kind_of_sight(theme: Theme, sight) -> None:
    kinds = [kind for kind in HEIGHT if kind not in PATTERNED]
    seen = {kind: lab(sight @ linear(getattr(theme, kind.value))) for kind in kinds}
    for one, other in combinations(kinds, 2):
        apart = float(np.linalg.norm(seen[one] - seen[other]))
        assert apart >= 12 or abs(HEIGHT[one] - HEIGHT[other]) >= 0.14, (one, other, apart)


def test_every_activity_has_a_height_of_its_own() -> None:
    heights = [HEIGHT[kind] for kind in HEIGHT if kind not in PATTERNED]
    assert len(set(heights)) == len(heights) == 7


def test_dark_is_only_for_screens() -> None:
    assert "@media screen and (prefers-color-scheme:dark)" in css_variables()
