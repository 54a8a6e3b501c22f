"""An inventory comes back from disk as it went, or says in one sentence why it can't."""

import json
from pathlib import Path

import geopandas.testing
import pandas as pd
import pytest

from detector.errors import InputError
from roads.fusion import add, defects_at
from roads.inventory import KIND, Inventory, empty_inventory, read_inventory, write_inventory
from tests.roads.fusion.making import drive, network, sight


@pytest.fixture(scope="module")
def inventory() -> Inventory:
    found = empty_inventory(network())
    found = add(found, drive("a", [sight(50), sight(150, class_id=0, length_m=8.0), sight(300, 90.0)]))
    return add(found, drive("b", [sight(51), sight(700)], day=30, unusable=[1]))


def assert_equal(a: Inventory, b: Inventory) -> None:
    for name in ("surveys", "observations", "passes"):
        pd.testing.assert_frame_equal(getattr(a, name), getattr(b, name))
    geopandas.testing.assert_geodataframe_equal(a.track, b.track)
    geopandas.testing.assert_geodataframe_equal(a.network.segments, b.network.segments)
    assert (a.next_id, a.network.crs, a.network.preset, a.network.notes, a.network.path.name) == (
        b.next_id,
        b.network.crs,
        b.network.preset,
        b.network.notes,
        b.network.path.name,
    )


def test_it_comes_back_as_it_went(inventory: Inventory, tmp_path: Path) -> None:
    write_inventory(inventory, tmp_path / "inventory")
    back = read_inventory(tmp_path / "inventory")
    assert_equal(inventory, back)
    pd.testing.assert_frame_equal(defects_at(inventory), defects_at(back))
    more = drive("c", [sight(50)], day=60)
    assert_equal(add(inventory, more), add(back, more))


def test_an_empty_one_comes_back_and_can_be_added_to(tmp_path: Path) -> None:
    write_inventory(empty_inventory(network()), tmp_path / "inventory")
    back = read_inventory(tmp_path / "inventory")
    assert_equal(empty_inventory(network()), back)
    assert defects_at(back).empty
    assert len(defects_at(add(back, drive("a", [sight(50)])))) == 1


def test_the_same_inventory_gives_the_same_bytes(inventory: Inventory, tmp_path: Path) -> None:
    for name in "ab":
        write_inventory(inventory, tmp_path / name)
    files = sorted(p.name for p in (tmp_path / "a").iterdir())
    assert files == sorted(p.name for p in (tmp_path / "b").iterdir())
    assert all((tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in files)


def test_an_older_one_is_replaced_and_another_folder_is_not(inventory: Inventory, tmp_path: Path) -> None:
    write_inventory(empty_inventory(network()), tmp_path / "inventory")
    write_inventory(inventory, tmp_path / "inventory")
    assert len(read_inventory(tmp_path / "inventory").surveys) == 2
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "a.jpg").write_bytes(b"")
    with pytest.raises(InputError, match="something other than an inventory"):
        write_inventory(inventory, photos)
    assert (photos / "a.jpg").exists()


def damage(folder: Path, how: str) -> None:
    card = json.loads((folder / KIND.card).read_text())
    if how == "no card":
        (folder / KIND.card).unlink()
    elif how == "no json":
        (folder / KIND.card).write_text("{")
    elif how == "other format":
        (folder / KIND.card).write_text("[]")
    elif how == "no network":
        (folder / KIND.card).write_text(json.dumps({k: v for k, v in card.items() if k != "network"}))
    elif how == "other version":
        (folder / KIND.card).write_text(json.dumps(card | {"version": 99}))
    elif how == "cut off":
        path = folder / "observations.parquet"
        path.write_bytes(path.read_bytes()[:-20])
    elif how == "no passes":
        (folder / "passes.parquet").unlink()
    elif how == "no column":
        path = folder / "passes.parquet"
        pd.read_parquet(path).drop(columns="usable").to_parquet(path)
    elif how == "rows lost":
        path = folder / "observations.parquet"
        pd.read_parquet(path).iloc[1:].to_parquet(path)
    elif how == "no geometry":
        path = folder / "network.parquet"
        pd.read_parquet(path).drop(columns="geometry").to_parquet(path)


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("no card", f"no {KIND.card}"),
        ("no json", "not valid JSON"),
        ("other format", "not an inventory's description"),
        ("no network", "damaged"),
        ("other version", "version 99"),
        ("cut off", "observations.parquet: this part"),
        ("no passes", "passes.parquet: this part"),
        ("no column", "passes.parquet: this part"),
        ("rows lost", "has 4 rows"),
        ("no geometry", "network.parquet: this part"),
    ],
)
def test_damage_is_told_in_one_sentence(inventory: Inventory, tmp_path: Path, how: str, says: str) -> None:
    write_inventory(inventory, tmp_path / "inventory")
    damage(tmp_path / "inventory", how)
    with pytest.raises(InputError, match=says):
        read_inventory(tmp_path / "inventory")
