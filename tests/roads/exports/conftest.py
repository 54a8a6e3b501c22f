from pathlib import Path

import pytest

from roads.mapping import RoadMap
from tests.roads.exports.maps import make_road_map, write_pictures


@pytest.fixture(scope="session")
def road_map() -> RoadMap:
    return make_road_map()


@pytest.fixture(scope="session")
def map_folder(road_map: RoadMap, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("map")
    write_pictures(road_map, folder)
    return folder
