"""A drive along a small made-up network in Wageningen: 200 m of Dorpsstraat, then 100 m of 't Hof straight on."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from pyproj import Transformer
from shapely import LineString

from detector.results import SurveyResult, write_result
from detector.types import Coverage, Defect, Detection, Frame, Image, Look, Pose
from roads.mapping import RoadMap
from roads.network import Network, read_network
from tests.roads.drives import map_of

ORIGIN = (173000.0, 443000.0)
TO_DEGREES = Transformer.from_crs(28992, 4326, always_xy=True)
START_S = 1_715_000_000.0
ROADS = {
    "Dorpsstraat": [(0, 0), (200, 0)],
    "'t Hof": [(400, 0), (200, 0)],  # digitised against the drive
    "Zijweg": [(200, 0), (200, 150)],
    "</script><b>Stadsweg": [(0, 2000), (900, 2000)],
}


def place(x: float, y: float) -> tuple[float, float]:
    lon, lat = TO_DEGREES.transform(ORIGIN[0] + x, ORIGIN[1] + y)
    return float(lon), float(lat)


def frame(index: int, x: float, y: float = 0.0, heading_deg: float = 90.0) -> Frame:
    lon, lat = place(x, y)
    time_s = index * 0.3
    pose = Pose(START_S + time_s, lon, lat, heading_deg, 10.0, 0.1, index * 3.0)
    return Frame(index, "drive.mp4", time_s, pose, 640, 360)


def defect(id_: int, class_id: int, x: float, y: float, length: float, width: float, score: float) -> Defect:
    lon, lat = place(x, y)
    index = int(x // 3)
    looks = tuple(
        Look(i, Detection((10, 20, 60, 50), score - 0.1 * k, class_id), 5.0, 6.0, y + width / 2, y - width / 2)
        for k, i in enumerate((index, index - 1))
    )
    return Defect(id_, class_id, lon, lat, 1.5, 90.0, y, length, width, length * width, 0.2, score, 0, looks)


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    path = tmp_path_factory.mktemp("network") / "streets.gpkg"
    lines = [LineString([(ORIGIN[0] + x, ORIGIN[1] + y) for x, y in line]) for line in ROADS.values()]
    table = gpd.GeoDataFrame(
        {"segment_id": [f"w{i}" for i in range(len(ROADS))], "name": list(ROADS)}, geometry=lines, crs=28992
    )
    table.to_file(path, layer="streets", driver="GPKG")
    return read_network(path)


@pytest.fixture(scope="session")
def survey() -> SurveyResult:
    frames = [frame(i, 3.0 * i) for i in range(101)]  # x = 0..300
    dark = range(20, 30)  # looking at 64..99 m
    coverage = [Coverage(i, 4.0, 12.0, i not in dark, "too dark" if i in dark else "") for i in range(101)]
    defects = [
        defect(1, 0, 30, -1.5, 12.0, 0.3, 0.91),
        defect(2, 3, 120, -1.0, 0.5, 0.6, 0.77),
        defect(3, 2, 150, 1.5, 3.0, 1.2, 0.42),
        defect(4, 4, 250, -1.0, 14.0, 2.2, 0.66),
        defect(5, 3, 150, 90.0, 0.4, 0.4, 0.35),  # far from any road
    ]
    detections = [(look.frame_index, look.detection) for d in defects for look in d.looks]
    meta = {
        "inputs": [{"file": "Proefrit <img src=x onerror=alert(1)>", "status": "done", "error": "", "frames": 1}],
        "model": {"name": "schouw-n", "version": "1"},
        "cameras": [{"calibrated": False}],
    }
    return SurveyResult(meta, frames, coverage, detections, defects, [])


@pytest.fixture(scope="session")
def road_map(survey: SurveyResult, network: Network) -> RoadMap:
    return map_of(network, survey)


@pytest.fixture(scope="session")
def result_folder(survey: SurveyResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("result") / "result"
    ramp = np.linspace(60, 200, 900, dtype=np.uint8)
    picture: Image = np.broadcast_to(ramp[None, :, None], (600, 900, 3)).copy()
    write_result(survey, {d.id: picture for d in survey.defects[:4]}, folder)
    return folder
