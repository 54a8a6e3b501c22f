"""The coordinate reference systems that features are served in (OGC API Features, Part 2), and their axis order."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyproj
import shapely

from api.errors import Problem
from detector.types import Floats
from roads.sections import Lines

BASE = "http://www.opengis.net/def/crs"
FARTHEST_M = 1e8  # no system of the earth has such coordinates
DENSIFY = 21  # points along each side of a box that is brought to degrees


@dataclass(frozen=True)
class Crs:
    """A reference system as callers name it."""

    uri: str
    code: str
    swapped: bool  # the authority puts north before east, and so do answers and boxes
    digits: int  # decimals that are a centimetre or less

    @property
    def is_plain(self) -> bool:
        """Whether coordinates are as they are stored: longitude, latitude."""
        return self.code == "OGC:CRS84"

    @property
    def is_degrees(self) -> bool:
        """Whether this is WGS84, in either order."""
        return self.code in ("OGC:CRS84", "EPSG:4326")

    @cached_property
    def _to_degrees(self) -> pyproj.Transformer:
        return pyproj.Transformer.from_crs(self.code, "EPSG:4326", always_xy=True)

    @cached_property
    def _from_degrees(self) -> pyproj.Transformer:
        return pyproj.Transformer.from_crs("EPSG:4326", self.code, always_xy=True)

    def written(self, geometry: Lines) -> Lines:
        """Bring geometries (n,) from longitude, latitude to this system, in its order of axes, rounded."""

        def move(xy: Floats) -> Floats:
            east, north = xy.T if self.is_degrees else self._from_degrees.transform(*xy.T)
            return np.column_stack((north, east) if self.swapped else (east, north)).round(self.digits)

        return shapely.transform(geometry, move)  # type: ignore[no-any-return]

    def read(self, geometry: shapely.Geometry) -> shapely.Geometry:
        """Bring a geometry from this system, in its order of axes, to longitude, latitude.

        Raises:
            Problem: 400, it lies outside what this system can express.
        """

        def move(xy: Floats) -> Floats:
            east, north = xy[:, ::-1].T if self.swapped else xy.T
            return np.column_stack((east, north) if self.is_degrees else self._to_degrees.transform(east, north))

        moved = shapely.transform(geometry, move)
        if not np.isfinite(shapely.get_coordinates(moved)).all():
            raise Problem(400, f"coordinates outside {self.uri}: {shapely.to_wkt(geometry)[:80]}")
        return moved

    def box(self, numbers: Sequence[float]) -> shapely.Geometry:
        """Read a box of this system, in its order of axes, as an area in longitude and latitude.

        A box in degrees whose west is greater than its east lies across the antimeridian, and becomes two.

        Raises:
            Problem: 400, it is no box.
        """
        first, second, third, fourth = numbers
        west, south, east, north = (second, first, fourth, third) if self.swapped else (first, second, third, fourth)
        if self.is_degrees:
            if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
                raise Problem(400, f"a box in {self.uri} is {self.order}, in degrees, with the south below the north")
            if west > east:
                return shapely.union(shapely.box(west, south, 180.0, north), shapely.box(-180.0, south, east, north))
            return shapely.box(west, south, east, north)
        if max(map(abs, numbers)) > FARTHEST_M:
            raise Problem(400, f"a box in {self.uri} is in metres, at most {FARTHEST_M:g} from its origin")
        if not (west <= east and south <= north):
            raise Problem(400, f"a box in {self.uri} is {self.order}, each pair in ascending order")
        straight = shapely.box(west, south, east, north)
        # Its sides are curves in degrees.
        side = max(east - west, north - south)
        return self.read(shapely.segmentize(straight, side / DENSIFY) if side > 0 else straight)

    @property
    def order(self) -> str:
        """The order of a box's numbers."""
        return "south,west,north,east" if self.swapped else "west,south,east,north"


CRS84 = Crs(f"{BASE}/OGC/1.3/CRS84", "OGC:CRS84", False, 7)
SYSTEMS: dict[str, Crs] = {
    system.uri: system
    for system in (
        CRS84,
        Crs(f"{BASE}/EPSG/0/4326", "EPSG:4326", True, 7),
        Crs(f"{BASE}/EPSG/0/28992", "EPSG:28992", False, 3),
        Crs(f"{BASE}/EPSG/0/3857", "EPSG:3857", False, 3),
    )
}


def system(uri: str, parameter: str) -> Crs:
    """Find a reference system by its URI.

    Raises:
        Problem: 400, it is not served.
    """
    if uri not in SYSTEMS:
        raise Problem(400, f"{parameter}: '{uri[:100]}' is not served; use one of {', '.join(SYSTEMS)}")
    return SYSTEMS[uri]
