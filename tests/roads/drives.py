"""Small networks and drives for the tests of the roads room, in metres around a point in the Netherlands."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from detector.results import SurveyResult
from detector.types import Pose
from roads.condition.table import Table, read_table
from roads.fusion import add
from roads.inventory import Inventory, empty_inventory
from roads.mapping import RoadMap, road_map
from roads.network import WGS84, Network
from roads.placing import place_survey

RD = pyproj.CRS.from_epsg(28992)

ORIGIN = np.array([155_000.0, 463_000.0])
TO_DEGREES = pyproj.Transformer.from_crs(RD, WGS84, always_xy=True)


def network_from(lines: list[list[tuple[float, float]]], oneway: list[int] | None = None) -> Network:
    geometry = [shapely.LineString(np.array(line) + ORIGIN) for line in lines]
    segments = gpd.GeoDataFrame(
        {
            "segment_id": [str(i) for i in range(len(lines))],
            "name": "",
            "oneway": np.array(oneway or [0] * len(lines), np.int8),
            "length_m": shapely.length(geometry),
        },
        geometry=geometry,
        crs=RD,
    )
    return Network(Path("test"), segments, RD, "generic", ())


def degrees(xy: np.ndarray) -> np.ndarray:
    """(n, 2) metres from the origin -> lon, lat."""
    return np.column_stack(TO_DEGREES.transform(*(np.asarray(xy, float) + ORIGIN).T))


def drive_along(corners: list[tuple[float, float]], step_m: float = 5.0, speed_mps: float = 10.0) -> list[Pose]:
    """Poses on a line through these corners, without noise."""
    line = shapely.LineString(corners)
    at = np.append(np.arange(0, line.length, step_m), line.length)
    xy = shapely.get_coordinates(shapely.line_interpolate_point(line, at))
    ahead = shapely.get_coordinates(shapely.line_interpolate_point(line, np.minimum(at + 1, line.length)))
    behind = shapely.get_coordinates(shapely.line_interpolate_point(line, np.maximum(at - 1, 0)))
    return poses_at(xy, np.degrees(np.arctan2(*(ahead - behind).T)) % 360, at / speed_mps, speed_mps, at)


def poses_at(
    xy: np.ndarray,
    heading_deg: np.ndarray,
    time_s: np.ndarray,
    speed_mps: float = 10.0,
    driven_m: np.ndarray | None = None,
    sigma_m: float = 2.0,
) -> list[Pose]:
    driven_m = np.zeros(len(xy)) if driven_m is None else driven_m
    rows = zip(time_s, degrees(xy), heading_deg, driven_m, strict=True)
    return [Pose(float(t), float(p[0]), float(p[1]), float(h), speed_mps, sigma_m, float(d)) for t, p, h, d in rows]


def inventory_of(network: Network, *surveys: SurveyResult) -> Inventory:
    inventory = empty_inventory(network)
    for survey in surveys:
        inventory = add(inventory, place_survey(survey, network))
    return inventory


def map_of(network: Network, *surveys: SurveyResult, table: Table | None = None) -> RoadMap:
    return road_map(inventory_of(network, *surveys), table or read_table())
