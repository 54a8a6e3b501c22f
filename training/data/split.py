"""Train, val and test, kept apart by place: a road, a drive or a cell on the map goes into one split as a whole.

Pictures that show the same view are joined into one group, whatever their names say. Groups are dealt out so that each
split gets its share of pictures, of every class and of every source, as well as whole groups allow.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from detector.errors import InputError, SettingsError
from detector.files import atomic_path
from detector.types import Floats, Ints
from training.data.dataset import Dataset
from training.data.duplicates import examine, groups_of, similar_pairs
from training.data.record import Picture

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")
BLOCK = 100  # numbers in file names that lie within one such block are one group
CELL_M = 250.0
METRES_PER_DEGREE = 111_320.0  # of latitude
ROUNDS = 10  # of moving single groups, after they were dealt out; by then none moves any more
LARGE = 0.3  # a group with more of the pictures than this is worth telling


class By(StrEnum):
    """What makes pictures one group."""

    GROUP = "group"  # the road, drive or place that the dataset names
    GPS = "gps"  # a square on the map
    ID_BLOCK = "id-block"  # numbers near to each other in the file names
    SEQUENCE = "sequence"  # file names that differ only in their first and last number


class Place(BaseModel):
    """Where a picture went."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sha256: str
    split: Split
    group: str


class Manifest(BaseModel):
    """A split on disk: which picture, known by its hash, is for what."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["schouw split"] = "schouw split"
    version: Literal[1] = 1
    by: By
    seed: int
    shares: dict[Split, float]
    pictures: dict[str, Place]  # by the picture's name

    def place(self, picture: Picture) -> Place:
        """Where a picture went. Raises InputError when the manifest doesn't know it, or knows another file."""
        place = self.pictures.get(picture.name)
        if place is None:
            raise InputError(picture.name, "is not in the split's manifest", "run schouw data split again")
        if place.sha256 != picture.sha256:
            raise InputError(picture.name, "is another file than when it was split", "run schouw data split again")
        return place


@dataclass(frozen=True, slots=True)
class Summary:
    """One split in numbers."""

    split: Split
    pictures: int
    groups: int
    boxes: dict[str, int]  # by class


def split_dataset(
    dataset: Dataset,
    by: By,
    shares: Mapping[Split, float],
    seed: int,
    block: int,
    cell_m: float,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[Manifest, list[str]]:
    """Look at every picture, then split. Returns the manifest and a sentence for each picture that is left out.

    A picture that can't be read is, and one that is another file than was imported: nobody knows if its labels fit.
    Raises InputError when none is left, and what `split` raises.
    """
    pictures, signatures, left_out = [], [], []
    for number, (picture, seen) in enumerate(zip(dataset, examine([dataset.file(p) for p in dataset]), strict=True)):
        progress(number + 1, len(dataset))
        if isinstance(seen, InputError):
            left_out.append(str(seen))
        elif seen.sha256 != picture.sha256:
            left_out.append(f"{dataset.file(picture)}: is another file than was imported; import it again")
        else:
            pictures.append(picture)
            signatures.append(seen.signature)
    if not pictures:
        raise InputError(dataset.folder, "holds no picture that can be used", "run schouw data audit on it")
    alike, _ = similar_pairs(np.array(signatures), [p.source for p in pictures])
    return split(pictures, by, shares, seed, alike, block, cell_m), left_out


def split(
    pictures: Sequence[Picture],
    by: By,
    shares: Mapping[Split, float],
    seed: int = 0,
    alike: Ints | None = None,
    block: int = BLOCK,
    cell_m: float = CELL_M,
) -> Manifest:
    """Deal pictures out. The same pictures, options and seed give the same split, in whatever order they come.

    `alike` (n, 2) are positions of pictures that show the same view, from `training.data.duplicates`. Raises
    SettingsError for shares that can't be, or when there are too few groups for all splits.
    """
    check_shares(shares)
    groups = name_groups(pictures, by, np.zeros((0, 2), np.int64) if alike is None else alike, block, cell_m)
    names = sorted(set(groups))
    row = {name: number for number, name in enumerate(names)}
    wanted = [s for s in SPLITS if shares.get(s, 0) > 0]
    if len(names) < len(wanted):
        raise SettingsError(
            f"all pictures are of {len(names)} group by '{by}', too few for {len(wanted)} splits; choose another --by"
        )
    contents = _contents(pictures, [row[g] for g in groups], len(names))
    dealt = deal(contents, np.array([shares[s] for s in wanted]), seed)
    places = {
        p.name: Place(sha256=p.sha256, split=wanted[dealt[row[group]]], group=group)
        for p, group in sorted(zip(pictures, groups, strict=True), key=lambda pair: pair[0].name)
    }
    return Manifest(by=by, seed=seed, shares={s: shares[s] for s in wanted}, pictures=places)


def check_shares(shares: Mapping[Split, float]) -> None:
    """Raise SettingsError unless the shares are positive, add up to 1, and leave something to train on."""
    if any(share < 0 for share in shares.values()) or not math.isclose(sum(shares.values()), 1.0, abs_tol=1e-9):
        raise SettingsError("the shares of the splits must be 0 or more, and train, val and test together 1")
    if shares.get("train", 0) <= 0:
        raise SettingsError("nothing is left to train on; choose a smaller --val or --test")


def name_groups(pictures: Sequence[Picture], by: By, alike: Ints, block: int, cell_m: float) -> list[str]:
    """The name of each picture's group, after joining groups that share a view."""
    keys = [group_key(p, by, block, cell_m) or group_key(p, By.ID_BLOCK, block, cell_m) or p.name for p in pictures]
    names = sorted(set(keys))
    row = {name: number for number, name in enumerate(names)}
    rows = np.array([row[key] for key in keys], np.int64)
    joined = groups_of(len(names), rows[alike])
    first: dict[int, str] = {}
    for name, number in zip(names, joined.tolist(), strict=True):
        first.setdefault(number, name)
    return [first[number] for number in joined[rows].tolist()]


def group_key(picture: Picture, by: By, block: int = BLOCK, cell_m: float = CELL_M) -> str | None:
    """The group that a picture says it is of; None where it doesn't say."""
    if by is By.GROUP:
        return picture.group
    if by is By.GPS:
        return None if picture.lon is None or picture.lat is None else cell(picture.lon, picture.lat, cell_m)
    numbered = re.fullmatch(r"(?:\d+_)?(?P<series>.*?)(?P<number>\d+)\D*", Path(picture.name).stem)
    if numbered is None:
        return None
    series = f"{picture.source}/{numbered['series']}"
    return series if by is By.SEQUENCE else f"{series}#{int(numbered['number']) // block}"


def cell(lon: float, lat: float, side_m: float) -> str:
    """The square of about `side_m` by `side_m` in which a place (WGS84) lies."""
    row = math.floor(lat * METRES_PER_DEGREE / side_m)
    per_degree = METRES_PER_DEGREE * math.cos(math.radians((row + 0.5) * side_m / METRES_PER_DEGREE))
    return f"cell {row} {math.floor(lon * per_degree / side_m)}"


def deal(contents: Floats, shares: Floats, seed: int) -> Ints:
    """Give each group to a split, so that each split's share of everything is near the one asked for.

    `contents` (groups, kinds): how much of each kind (pictures, boxes of a class, pictures of a source) a group holds;
    `shares` (splits,). Large groups first, each where it is missed most; then single groups are moved as long as that
    helps. The cost is chi-square: the squared difference from the share, over the share.
    """
    parts = contents / np.maximum(contents.sum(axis=0), 1e-12)
    order = np.random.default_rng(seed).permutation(len(parts))
    order = order[np.argsort(-parts[order].sum(axis=1), kind="stable")]
    dealt = np.full(len(parts), -1, np.int64)
    held = np.zeros((len(shares), parts.shape[1]))
    for n in range(ROUNDS + 1):
        before = dealt.copy()
        for group in order.tolist():
            if n:
                if (dealt == dealt[group]).sum() == 1:
                    continue  # a split keeps its last group
                held[dealt[group]] -= parts[group]
            now = ((held - shares[:, None]) ** 2).sum(axis=1) / shares
            then = ((held + parts[group] - shares[:, None]) ** 2).sum(axis=1) / shares
            dealt[group] = int(np.argmin(then - now))
            held[dealt[group]] += parts[group]
        if n == 0:
            _fill_empty(dealt, order, held, parts)
        elif np.array_equal(before, dealt):
            break
    return dealt


def _fill_empty(dealt: Ints, order: Ints, held: Floats, parts: Floats) -> None:
    """Give a split that got nothing the smallest group of one that has several."""
    for empty in range(len(held)):
        if not (dealt == empty).any():
            group = next(g for g in reversed(order.tolist()) if (dealt == dealt[g]).sum() > 1)
            held[dealt[group]] -= parts[group]
            held[empty] += parts[group]
            dealt[group] = empty


def _contents(pictures: Sequence[Picture], rows: Sequence[int], groups: int) -> Floats:
    """How much each group holds (groups, kinds): pictures, pictures of each source, boxes of each label."""
    kinds: dict[tuple[str, str], int] = {("pictures", ""): 0}
    for p in sorted(pictures, key=lambda p: p.name):
        for kind in (("source", p.source), *(("label", a.label) for a in p.annotations)):
            kinds.setdefault(kind, len(kinds))
    contents = np.zeros((groups, len(kinds)))
    for p, row in zip(pictures, rows, strict=True):
        contents[row, 0] += 1
        contents[row, kinds["source", p.source]] += 1
        for a in p.annotations:
            contents[row, kinds["label", a.label]] += 1
    return contents


def summarise(manifest: Manifest, pictures: Iterable[Picture]) -> list[Summary]:
    """Each split in numbers. Pictures that the manifest doesn't name are not counted."""
    boxes = {name: Counter[str]() for name in manifest.shares}
    for p in pictures:
        if p.name in manifest.pictures:
            boxes[manifest.pictures[p.name].split].update(a.label for a in p.annotations)
    rows = []
    for name, of_class in boxes.items():
        places = [place for place in manifest.pictures.values() if place.split == name]
        rows.append(Summary(name, len(places), len({place.group for place in places}), dict(of_class)))
    return rows


def large_groups(manifest: Manifest) -> list[tuple[str, int]]:
    """Groups so large that the shares can hardly be met, with their number of pictures."""
    counts = Counter(place.group for place in manifest.pictures.values())
    return [(name, n) for name, n in counts.most_common() if n > LARGE * len(manifest.pictures)]


def write_manifest(manifest: Manifest, path: Path) -> None:
    """Write a manifest: a picture a line, so that two can be compared."""
    content: dict[str, Any] = manifest.model_dump(mode="json")
    places = content.pop("pictures")
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(place)}" for name, place in places.items())
    head = json.dumps(content, indent=1)[:-2]
    with atomic_path(path) as temporary:
        temporary.write_text(f'{head},\n "pictures": {{\n{lines}\n }}\n}}\n', encoding="utf-8")


def read_manifest(path: Path) -> Manifest:
    """Read a manifest. Raises InputError for a file that is missing or none."""
    if not path.is_file():
        raise InputError(path, "is missing", "run schouw data split")
    try:
        return Manifest.model_validate_json(path.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError) as problem:
        raise InputError(path, "is not a split that schouw wrote", "run schouw data split") from problem


def of_split(dataset: Dataset, wanted: str, manifest: Manifest) -> tuple[list[Picture], list[str]]:
    """The pictures of one split, and a sentence for each of the dataset that the manifest has no place for."""
    members, left_out = [], []
    for picture in dataset:
        try:
            if manifest.place(picture).split == wanted:
                members.append(picture)
        except InputError as problem:
            left_out.append(str(problem))
    return members, left_out
