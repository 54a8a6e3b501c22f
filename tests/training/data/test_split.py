from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from cli.main import app
from detector.errors import InputError, SettingsError
from detector.images import write_jpeg
from tests.training.data.scenes import box, dark, dataset, picture, scene
from training.data.pictures import read_pictures
from training.data.record import Picture
from training.data.split import (
    BLOCK,
    CELL_M,
    By,
    Manifest,
    cell,
    group_key,
    large_groups,
    of_split,
    read_manifest,
    split,
    split_dataset,
    summarise,
    write_manifest,
)

SHARES = {"train": 0.7, "val": 0.2, "test": 0.1}
LABELS = ("pothole", "ravelling", "longitudinal_crack")


def record(name: str, **fields: object) -> Picture:
    known = {"name": name, "path": name, "width": 100, "height": 80, "sha256": f"hash of {name}", "source": "a"}
    return Picture.model_validate({**known, **fields})


@st.composite
def datasets(draw: st.DrawFn) -> tuple[list[Picture], np.ndarray]:
    count = draw(st.integers(5, 60))
    groups = draw(st.lists(st.sampled_from("ABCDEFGHIJKL"), min_size=count, max_size=count))
    labels = draw(st.lists(st.lists(st.sampled_from(LABELS), max_size=3), min_size=count, max_size=count))
    sources = draw(st.lists(st.sampled_from("ab"), min_size=count, max_size=count))
    pictures = [
        record(f"{n}.jpg", group=group, source=source, annotations=[box(label, 1, 1, 20, 20) for label in found])
        for n, (group, found, source) in enumerate(zip(groups, labels, sources, strict=True))
    ]
    place = st.integers(0, count - 1)
    return pictures, np.array(draw(st.lists(st.tuples(place, place), max_size=3)), np.int64).reshape(-1, 2)


@given(datasets(), st.integers(0, 5), st.randoms(use_true_random=False))
def test_no_group_and_no_view_lies_in_two_splits_and_every_picture_in_one(case, seed: int, shuffle) -> None:  # type: ignore[no-untyped-def]
    pictures, alike = case
    try:
        manifest = split(pictures, By.GROUP, SHARES, seed, alike)
    except SettingsError as problem:
        assert "too few" in str(problem)  # noqa: PT017 - either outcome is right for some cases
        return
    assert set(manifest.pictures) == {p.name for p in pictures}
    where = {name: place.split for name, place in manifest.pictures.items()}
    assert set(where.values()) == set(SHARES)
    splits_of: dict[str, set[str]] = {}
    for p in pictures:
        splits_of.setdefault(str(p.group), set()).add(where[p.name])
    assert all(len(found) == 1 for found in splits_of.values())
    assert all(where[pictures[a].name] == where[pictures[b].name] for a, b in alike.tolist())
    order = list(range(len(pictures)))
    shuffle.shuffle(order)
    moved = np.array([[order.index(a), order.index(b)] for a, b in alike.tolist()], np.int64).reshape(-1, 2)
    assert split([pictures[n] for n in order], By.GROUP, SHARES, seed, moved) == manifest


def test_shares_classes_and_sources_are_met_as_well_as_groups_allow() -> None:
    rng = np.random.default_rng(0)
    pictures = []
    for n in range(2000):
        road = n // 8
        labels = [LABELS[0]] if road % 3 else [LABELS[1]] * int(rng.integers(0, 3))
        annotations = [box(label, 1, 1, 20, 20) for label in labels]
        pictures.append(record(f"{n}.jpg", group=f"road {road}", source="ab"[road % 5 == 0], annotations=annotations))
    manifest = split(pictures, By.GROUP, SHARES, seed=1)
    for counts in (
        Counter(manifest.pictures[p.name].split for p in pictures),
        Counter(manifest.pictures[p.name].split for p in pictures if p.source == "b"),
        Counter(manifest.pictures[p.name].split for p in pictures for a in p.annotations if a.label == LABELS[1]),
    ):
        assert {name: count / counts.total() for name, count in counts.items()} == pytest.approx(SHARES, abs=0.02)


def test_another_seed_is_another_split() -> None:
    pictures = [record(f"{n}.jpg", group=str(n // 2)) for n in range(100)]
    assert split(pictures, By.GROUP, SHARES, 1) == split(pictures, By.GROUP, SHARES, 1)
    assert split(pictures, By.GROUP, SHARES, 1).pictures != split(pictures, By.GROUP, SHARES, 2).pictures


@pytest.mark.parametrize(
    ("by", "name", "key"),
    [
        (By.SEQUENCE, "1007599_RS_386_386RS289112_28920.webp", "a/RS_386_386RS289112_"),
        (By.SEQUENCE, "Czech_000123.jpg", "a/Czech_"),
        (By.ID_BLOCK, "1007599_RS_386_386RS289112_28920.webp", "a/RS_386_386RS289112_#289"),
        (By.ID_BLOCK, "Czech_000123.jpg", "a/Czech_#1"),
        (By.ID_BLOCK, "000199.jpg", "a/#1"),
        (By.ID_BLOCK, "IMG0200 (copy).jpg", "a/IMG#2"),
        (By.ID_BLOCK, "road.jpg", None),
        (By.GPS, "road.jpg", None),
        (By.GROUP, "road.jpg", None),
    ],
)
def test_what_a_name_tells_of_the_group(by: By, name: str, key: str | None) -> None:
    assert group_key(record(name), by) == key


@given(st.floats(-179, 179), st.floats(-75, 75), st.floats(50, 1000))
def test_places_in_a_cell_lie_near_each_other(lon: float, lat: float, side_m: float) -> None:
    metre = 1 / 111_320
    far = 2.0 * side_m * metre / np.cos(np.radians(abs(lat)))
    assert cell(lon, lat, side_m) != cell(lon + far, lat, side_m)
    assert cell(lon, lat, side_m) != cell(lon, lat + 1.01 * side_m * metre, side_m)
    step = side_m * metre / 1000
    near = [cell(lon, lat, side_m), cell(lon, lat + step, side_m), cell(lon, lat - step, side_m)]
    assert len(set(near)) <= 2  # no edge is crossed both ways


def test_without_a_place_the_numbers_of_the_file_decide() -> None:
    placed = [record(f"p_{n:03d}.jpg", lon=6.9 + n / 100, lat=52.2) for n in range(10)]
    unplaced = [record(f"q_{n:03d}.jpg") for n in range(0, 400, 10)]
    manifest = split([*placed, *unplaced], By.GPS, {"train": 0.8, "val": 0.2})
    groups = {place.group for place in manifest.pictures.values()}
    assert {g for g in groups if g.startswith("a/q_")} == {f"a/q_#{n}" for n in range(4)}
    assert sum(g.startswith("cell") for g in groups) == 10


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ({"train": 0.7, "val": 0.2}, "together 1"),
        ({"train": 1.1, "val": -0.1}, "0 or more"),
        ({"train": 0.0, "val": 1.0}, "nothing is left to train on"),
    ],
)
def test_impossible_shares(shares: dict, said: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(SettingsError, match=said):
        split([record(f"{n}.jpg") for n in range(9)], By.GROUP, shares)


def test_one_group_can_not_be_split() -> None:
    with pytest.raises(SettingsError, match="all pictures are of 1 group by 'group'"):
        split([record(f"{n}.jpg", group="A1") for n in range(9)], By.GROUP, {"train": 0.5, "val": 0.5})


def test_a_group_too_large_is_told() -> None:
    pictures = [record(f"{n}.jpg", group="A1" if n < 50 else f"N{n}") for n in range(100)]
    assert large_groups(split(pictures, By.GROUP, {"train": 0.7, "val": 0.3})) == [("A1", 50)]


def test_a_manifest_survives_writing(tmp_path: Path) -> None:
    pictures = [record(f'{n}é".jpg', group=str(n)) for n in range(20)]
    manifest = split(pictures, By.GROUP, SHARES, seed=4)
    write_manifest(manifest, tmp_path / "split.json")
    assert read_manifest(tmp_path / "split.json") == manifest
    assert sum(row.pictures for row in summarise(manifest, pictures)) == 20


@pytest.mark.parametrize("text", ["", "{}", '{"format": "other"}', "\xff"])
def test_something_else_is_no_manifest(tmp_path: Path, text: str) -> None:
    (tmp_path / "split.json").write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match=r"split\.json: is not a split"):
        read_manifest(tmp_path / "split.json")


def test_pictures_that_are_new_or_changed_since_the_split_are_left_out_and_told(tmp_path: Path) -> None:
    pictures = [picture(tmp_path, f"{n}.jpg", scene(n), group=str(n)) for n in range(4)]
    manifest = split(pictures, By.GROUP, {"train": 0.5, "val": 0.5})
    changed = pictures[0].model_copy(update={"sha256": "other"})
    data = dataset(tmp_path, [changed, *pictures[1:], picture(tmp_path, "new.jpg", scene(9))])
    train, left_out = of_split(data, "train", manifest)
    val, _ = of_split(data, "val", manifest)
    assert {p.name for p in (*train, *val)} == {"1.jpg", "2.jpg", "3.jpg"}
    assert [sentence.split(":")[0] for sentence in left_out] == ["0.jpg", "new.jpg"]


def test_training_reads_the_split_of_a_manifest(tmp_path: Path) -> None:
    pictures = [picture(tmp_path, f"{n}.jpg", scene(n), group=str(n), split="test") for n in range(6)]
    data = dataset(tmp_path, pictures)
    manifest = split(pictures, By.GROUP, {"train": 0.5, "val": 0.5})
    write_manifest(manifest, tmp_path / "split.json")
    for name in ("train", "val"):
        read = read_pictures(data.folder, split=name, manifest=tmp_path / "split.json").pictures
        assert {p.path.name for p in read} == {n for n, place in manifest.pictures.items() if place.split == name}
    with pytest.raises(InputError, match="is no dataset, which a manifest is of"):
        read_pictures(tmp_path / "pictures", split="val", manifest=tmp_path / "split.json")


@pytest.mark.parametrize(("val", "test"), [("0.7", "0.3"), ("0.9", "0.1"), ("1", "0")])
def test_shares_that_leave_nothing_to_train_on(tmp_path: Path, val: str, test: str) -> None:
    data = dataset(tmp_path, [picture(tmp_path, f"{n}.jpg", scene(n), group=str(n)) for n in range(3)])
    command = ["data", "split", str(data.folder), "--val", val, "--test", test, "--out", str(tmp_path / "split.json")]
    problem = CliRunner().invoke(app, command).exception
    assert isinstance(problem, SettingsError)
    assert "nothing is left to train on" in str(problem)


def test_a_picture_that_was_changed_since_the_import_or_is_gone_is_left_out_and_told(tmp_path: Path) -> None:
    pictures = [picture(tmp_path, f"{n}.jpg", scene(n), group=str(n)) for n in range(8)]
    data = dataset(tmp_path, pictures)
    write_jpeg(scene(99), tmp_path / "pictures" / "3.jpg")
    (tmp_path / "pictures" / "5.jpg").unlink()
    manifest, left_out = split_dataset(data, By.GROUP, {"train": 0.5, "val": 0.5}, seed=0, block=BLOCK, cell_m=CELL_M)
    assert set(manifest.pictures) == {p.name for p in pictures} - {"3.jpg", "5.jpg"}
    changed, gone = left_out
    assert "3.jpg: is another file than was imported" in changed
    assert "5.jpg" in gone


def test_the_command_keeps_alike_pictures_together(tmp_path: Path) -> None:
    pictures = [picture(tmp_path, f"{n}.jpg", scene(n), group=f"road {n}") for n in range(12)]
    twins = [picture(tmp_path, f"{n}-twin.jpg", dark(scene(n)), group=f"autumn {n}") for n in range(12)]
    data = dataset(tmp_path, [*pictures, *twins])
    command = ["data", "split", str(data.folder), "--by", "group", "--val", "0.25", "--test", "0.25", "--out"]
    result = CliRunner().invoke(app, [*command, str(tmp_path / "split.json")])
    assert result.exit_code == 0, result.output
    manifest = read_manifest(tmp_path / "split.json")
    assert isinstance(manifest, Manifest)
    assert all(manifest.pictures[f"{n}.jpg"].split == manifest.pictures[f"{n}-twin.jpg"].split for n in range(12))
    assert Counter(p.split for p in manifest.pictures.values()) == {"train": 12, "val": 6, "test": 6}
