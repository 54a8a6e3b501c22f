"""The road network around the rendered street, in the columns of the Dutch national road file (NWB)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from detector.files import atomic_path
from detector.types import Floats
from training.synthesis.axis import Axis

JUNCTIONS_M = (0.0, 65.0, 140.0, 215.0, 280.0)  # stations of the crossings, which cut the street into segments
RUN_M = 70.0  # that the street goes on before the first and beyond the last junction
SIDE_M = (-58.0, 66.0)  # offsets of the parallel streets
VERTEX_M = 2.0  # between two vertices of a bend: on the sharpest the chord is 3 mm off
REVERSED = 2  # this stretch is digitised against the drive, as happens in every real network


@dataclass(frozen=True, slots=True)
class Segment:
    """A line of the network. Driven segments know which stations they span; others span none (nan)."""

    segment_id: str
    name: str
    from_s: float
    to_s: float
    reversed: bool  # digitised against the axis
    line: Floats  # (n, 2) x, y


def lay_network(axis: Axis) -> list[Segment]:
    """Lay the street, cut at its junctions, crossing streets and two parallel ones."""
    stations = (-RUN_M, *JUNCTIONS_M, JUNCTIONS_M[-1] + RUN_M)
    segments: list[Segment] = []

    def add(name: str, road: Floats, spans: tuple[float, float] = (np.nan, np.nan), backwards: bool = False) -> None:
        line = axis.place(road)
        segments.append(
            Segment(str(900000001 + len(segments)), name, *spans, backwards, line[::-1] if backwards else line)
        )

    for i, (a, b) in enumerate(pairwise(stations)):
        add("Voorbeeldstraat", _at(a, b, 0.0), (a, b), i == REVERSED)
    for number, s in enumerate(JUNCTIONS_M, start=1):
        for t in SIDE_M:
            add(f"{number}e Dwarsstraat", np.array([[s, 0.0], [s, t / 2], [s, t]]))
    for name, t in zip(("Zuiderparallel", "Noorderparallel"), SIDE_M, strict=True):
        for a, b in pairwise(JUNCTIONS_M):
            add(name, _at(a, b, t))
    return segments


def segment_at(segments: Sequence[Segment], s: float) -> tuple[Segment, float]:
    """Return the driven segment at a station and the offset along its digitised direction in metres."""
    segment = next(one for one in segments if one.from_s <= s < one.to_s)
    return segment, segment.to_s - s if segment.reversed else s - segment.from_s


def write_network(segments: Sequence[Segment], path: Path) -> None:
    """Write the network as a GeoPackage in EPSG:28992 with the columns wvk_id, stt_naam and rijrichtng."""
    frame = gpd.GeoDataFrame(
        {
            "wvk_id": [int(segment.segment_id) for segment in segments],
            "stt_naam": [segment.name for segment in segments],
            "rijrichtng": ["B"] * len(segments),  # both
        },
        geometry=[shapely.LineString(segment.line) for segment in segments],
        crs="EPSG:28992",
    )
    with atomic_path(path) as temporary:
        frame.to_file(temporary, layer="wegvakken", driver="GPKG")


def _at(a: float, b: float, t: float) -> Floats:
    s = np.linspace(a, b, int((b - a) / VERTEX_M) + 1)
    return np.column_stack([s, np.full_like(s, t)])
