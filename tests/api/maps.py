"""Published maps for tests: two drives along the made-up streets of tests/roads, put in a server's storage."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas as gpd
import numpy as np
from shapely import LineString

from api.context import Context
from api.store.publish import publish
from detector.images import write_jpeg
from detector.results import SurveyResult
from detector.types import Coverage, Image
from roads.condition.table import read_table
from roads.inventory import Inventory, empty_inventory, write_inventory
from roads.network import Network, read_network
from tests.roads.conftest import ORIGIN, ROADS, defect, frame
from tests.roads.drives import inventory_of

DAY_S = 86_400.0


@cache
def streets() -> Network:
    """The network of tests/roads: Dorpsstraat (w0), 't Hof (w1), Zijweg (w2) and a street far from them (w3)."""
    lines = [LineString([(ORIGIN[0] + x, ORIGIN[1] + y) for x, y in line]) for line in ROADS.values()]
    table = gpd.GeoDataFrame(
        {"segment_id": [f"w{i}" for i in range(len(ROADS))], "name": list(ROADS)}, geometry=lines, crs=28992
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "streets.gpkg"
        table.to_file(path, layer="streets", driver="GPKG")
        return read_network(path)


def drive(name: str, day: float, pothole_m: float = 0.6, pictures: int = 101) -> SurveyResult:
    """A drive along Dorpsstraat and 't Hof, so many days after the first one."""
    frames = [frame(i, 3.0 * i) for i in range(pictures)]
    frames = [replace(f, source=name, pose=replace(f.pose, time_s=f.pose.time_s + day * DAY_S)) for f in frames]
    dark = range(20, 30)
    coverage = [Coverage(i, 4.0, 12.0, i not in dark, "too dark" if i in dark else "") for i in range(pictures)]
    defects = [
        defect(1, 0, 30, -1.5, 12.0, 0.3, 0.91),
        defect(2, 3, 120, -1.0, pothole_m, pothole_m, 0.77),
        defect(3, 2, 150, 1.5, 3.0, 1.2, 0.42),
        defect(4, 4, 250, -1.0, 14.0, 2.2, 0.66),
        defect(5, 3, 150, 90.0, 0.4, 0.4, 0.35),  # far from any road
    ]
    detections = [(look.frame_index, look.detection) for d in defects for look in d.looks]
    meta = {
        "inputs": [{"file": name, "status": "done", "error": "", "frames": pictures}],
        "model": {"name": "schouw-n", "version": "1"},
        "cameras": [{"calibrated": False}],
    }
    return SurveyResult(meta, frames, coverage, detections, defects, [])


@cache
def driven_twice() -> Inventory:
    """The inventory of two drives, half a year apart, between which the pothole grew."""
    return inventory_of(streets(), drive("spring.mp4", 0), drive("autumn.mp4", 180, pothole_m=1.1))


def put_map(context: Context, inventory: Inventory, revision: int) -> None:
    """Store an inventory, publish it, and give its defects pictures."""
    key = f"inventories/{revision}"
    with TemporaryDirectory() as folder:
        write_inventory(inventory, Path(folder) / "inventory")
        context.blobs.put(key, Path(folder) / "inventory")
        made = publish(context.database, inventory, read_table(), key=key, revision=revision)
        for name in made.defects["picture"].tolist():
            picture: Image = np.full((60, 90, 3), 120, np.uint8)
            write_jpeg(picture, Path(folder) / "picture.jpg")
            context.blobs.put(name, Path(folder) / "picture.jpg")


def put_empty_map(context: Context) -> None:
    """Serve the empty map of the streets."""
    put_map(context, empty_inventory(streets()), 1)


def put_driven_map(context: Context) -> None:
    """Serve the map of two drives."""
    put_map(context, driven_twice(), 1)
