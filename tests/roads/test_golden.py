"""What planners and other programs read must not change unnoticed.

After a change that is meant: `SCHOUW_GOLDEN=write python -m pytest tests/roads/test_golden.py`, and look at the diff.
"""

import json
import os
from pathlib import Path

import geopandas as gpd
import pytest

from roads.export import LAYERS, write_map
from roads.mapping import RoadMap

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="module")
def written(road_map: RoadMap, result_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("map") / "out"
    write_map(road_map, [result_folder], out)
    return out


def compare(name: str, found: str) -> None:
    path = GOLDEN / name
    if os.environ.get("SCHOUW_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(found, newline="")
    assert found == path.read_bytes().decode()


@pytest.mark.parametrize("name", ["segments.csv", "frames.csv", "summary.json"])
def test_the_text_files(written: Path, name: str) -> None:
    compare(name, (written / name).read_bytes().decode())


def test_the_layers(written: Path) -> None:
    """Columns, types and geometry of each layer; the values are those of the text files."""
    layers = {}
    for name in LAYERS:
        layer = gpd.read_file(written / "survey.gpkg", layer=name)
        layers[name] = {
            "crs": layer.crs.to_string(),
            "rows": len(layer),
            "geometry": sorted(set(layer.geom_type)),
            "columns": {str(column): str(kind) for column, kind in layer.dtypes.items()},
        }
    compare("layers.json", json.dumps(layers, indent=1) + "\n")
