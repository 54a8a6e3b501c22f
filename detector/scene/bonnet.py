"""The own bonnet in the picture: the road below its edge is never seen, and what a model finds there is no damage.

The edge of the bonnet is the one line across the picture that stands still while everything behind it moves: along
it the vertical gradient is the same in every picture. Lane paint stands still too, but lies along the road.
"""

from collections.abc import Iterable

import cv2
import numpy as np

from detector.types import Floats, Image

WIDTH_PX = 320  # pictures are compared at this width
LOWER = 0.45  # the bonnet's edge lies in this lower part of the picture
ACROSS = (0.15, 0.85)  # and crosses this part of its width
FLAT = 0.7  # times as steep down the picture as across: an edge that lies across rather than along
FAINT = 2.0  # grey levels a pixel: fainter edges hardly count
AGREED = 0.55  # of the pictures, more that see it one way than the other
ARC = 0.15  # of that lower part: how far an edge that bends leaves its middle row
MOST = 0.7  # of the columns must show it
LEAST_PICTURES = 8


def find_bonnet(images: Iterable[Image]) -> float:
    """Find how far down the own bonnet begins, as a part of the picture's height; 1 where none shows.

    `images` are of one camera, taken along a drive; two dozen do.
    """
    edges = [_edges(image) for image in images]
    if len(edges) < LEAST_PICTURES:
        return 1.0
    stack = np.stack([e for e in edges if e.shape == edges[0].shape])
    # Each picture votes up or down: one bright reflection does not outweigh the rest.
    agreed = np.abs((stack / (np.abs(stack) + FAINT)).mean(axis=0)) > AGREED
    rows, shown = agreed.argmax(axis=0), agreed.any(axis=0)
    if shown.mean() < MOST:
        return 1.0
    # The edge is an arc: the road is hidden from its top on. A few columns may have hit on something else.
    height = stack.shape[1]
    arc = rows[shown & (np.abs(rows - np.median(rows[shown])) < ARC * height)]
    top = float(np.quantile(arc, 0.1))
    return float(1 - LOWER + LOWER * top / height)


def _edges(image: Image) -> Floats:
    """Vertical gradient of the lower middle of a picture, grey levels a pixel; 0 where no edge lies across."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    height = round(WIDTH_PX * grey.shape[0] / grey.shape[1])
    small = cv2.resize(grey, (WIDTH_PX, height), interpolation=cv2.INTER_AREA)
    left, right = (round(WIDTH_PX * part) for part in ACROSS)
    part = cv2.GaussianBlur(small, (0, 0), 1.0)[int(height * (1 - LOWER)) :, left:right]
    down, across = (cv2.Sobel(part, cv2.CV_64F, *order, scale=1 / 8) for order in ((0, 1), (1, 0)))
    edges: Floats = np.where(np.abs(down) > FLAT * np.abs(across), down, 0.0)
    return edges[: -max(2, height // 60)]  # some cameras draw a border at the very bottom
