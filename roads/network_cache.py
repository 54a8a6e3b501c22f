"""Networks that were read before, in a folder: `SCHOUW_CACHE`, else the user's cache folder. Empty it at any time.

An entry is called after what it was made from: the file's size, time and content (its first and last megabyte), the
options, and this code. So an entry is never out of date, and needs no migration. The folder holds at most 4 GB; the
entry unused for longest goes first.
`SCHOUW_CACHE=` (empty) switches it off.
"""

import hashlib
import json
import os
import sys
import zipfile
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyproj
import shapely

import detector
from detector.files import atomic_path
from roads.presets import TEXTS
from roads.topology import Topology, piece_geometry

LIMIT_BYTES = 4_000_000_000
SAMPLE_BYTES = 1 << 20
CODE = ("network.py", "vectorfile.py", "presets.py", "sections.py", "centreline.py", "topology.py", "network_cache.py")
TEXT_COLUMNS = (*TEXTS, "parent_id")
NUMBER_COLUMNS = ("oneway", "length_m", "from_m", "to_m", "width_m")
# Follow from the segments, so they are made again instead of kept.
DERIVED = {"piece_geometry"}


@dataclass(frozen=True)
class Cached:
    """What the cache keeps of a network."""

    segments: gpd.GeoDataFrame
    topology: Topology
    preset: str
    notes: tuple[str, ...]


def folder() -> Path | None:
    """Where the entries are; None when the cache is switched off."""
    named = os.environ.get("SCHOUW_CACHE")
    if named is not None:
        return Path(named) if named else None
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "schouw"


def key(path: Path, *options: object) -> Path | None:
    """The file of the entry for a network file read with these options; None without a cache or without the file."""
    here = folder()
    if here is None or not path.is_file():
        return None
    digest = hashlib.blake2b(digest_size=16)
    digest.update(json.dumps([detector.__version__, options]).encode())
    for name in CODE:
        digest.update((Path(__file__).parent / name).read_bytes())
    # A shapefile is several files, and SQLite keeps new rows in a -wal file.
    parts = [path, path.with_name(path.name + "-wal")]
    if path.suffix.lower() == ".shp":
        parts = sorted(part for part in path.parent.iterdir() if part.stem == path.stem)
    for part in filter(Path.is_file, parts):
        status = part.stat()
        digest.update(json.dumps([part.suffix, status.st_size, status.st_mtime_ns]).encode())
        with part.open("rb") as stream:
            digest.update(stream.read(SAMPLE_BYTES))
            stream.seek(max(status.st_size - SAMPLE_BYTES, 0))
            digest.update(stream.read(SAMPLE_BYTES))
    return here / f"{digest.hexdigest()}.npz"


def load(entry: Path) -> Cached | None:
    """Read an entry; None when it is not there or damaged."""
    try:
        with entry.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        cached = _unpack(arrays)
        os.utime(entry)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, shapely.errors.ShapelyError):
        return None
    return cached


def store(entry: Path, cached: Cached) -> None:
    """Write an entry. A cache that can't be written to (a full disk, another user's folder) is no error."""
    with suppress(OSError):
        with atomic_path(entry) as temporary, temporary.open("wb") as stream:
            np.savez(stream, **_pack(cached))
        _shrink(entry.parent)


def _shrink(here: Path) -> None:
    """Delete the entries unused for longest until the rest is within the limit."""
    entries = sorted(((e.stat().st_mtime, e.stat().st_size, e) for e in here.glob("*.npz")), reverse=True)
    total = np.cumsum([size for _, size, _ in entries])
    for used, (_, _, entry) in zip(total[1:], entries[1:], strict=True):
        if used > LIMIT_BYTES:
            entry.unlink(missing_ok=True)


def _pack(cached: Cached) -> dict[str, Any]:
    segments, topology = cached.segments, cached.topology
    kind, coordinates, offsets = shapely.to_ragged_array(segments.geometry.to_numpy())
    card = {"crs": segments.crs.to_wkt(), "preset": cached.preset, "notes": cached.notes, "kind": int(kind)}
    arrays: dict[str, Any] = {
        "card": np.array(json.dumps(card)),
        "xy": coordinates,
        "lines": offsets[0],
    }
    for name in NUMBER_COLUMNS:
        arrays[f"segments.{name}"] = segments[name].to_numpy()
    for name in TEXT_COLUMNS:
        _, ends, letters = pa.array(segments[name].to_numpy(dtype=object), type=pa.large_string()).buffers()
        arrays[f"segments.{name}"] = np.frombuffer(letters or b"", np.uint8)
        arrays[f"segments.{name}.ends"] = np.frombuffer(ends, np.int64)
    for field in fields(Topology):
        if field.name not in DERIVED:
            arrays[f"topology.{field.name}"] = getattr(topology, field.name)
    return arrays


def _unpack(arrays: dict[str, Any]) -> Cached:
    card = json.loads(str(arrays["card"]))
    lines = shapely.from_ragged_array(shapely.GeometryType(card["kind"]), arrays["xy"], (arrays["lines"],))
    columns: dict[str, object] = {name: arrays[f"segments.{name}"] for name in NUMBER_COLUMNS}
    for name in TEXT_COLUMNS:
        ends, letters = arrays[f"segments.{name}.ends"], arrays[f"segments.{name}"]
        texts = pa.LargeStringArray.from_buffers(len(lines), pa.py_buffer(ends), pa.py_buffer(letters))
        columns[name] = texts.to_pandas()
    order = ["segment_id", "name", "oneway", "length_m", "parent_id", "from_m", "to_m", *TEXTS[2:], "width_m"]
    segments = gpd.GeoDataFrame(
        {name: columns[name] for name in order}, geometry=lines, crs=pyproj.CRS.from_wkt(card["crs"])
    )
    parts = {field.name: arrays[f"topology.{field.name}"] for field in fields(Topology) if field.name not in DERIVED}
    pieces = piece_geometry(lines, parts["piece_segment"], parts["piece_from_m"], parts["piece_to_m"])
    return Cached(segments, Topology(piece_geometry=pieces, **parts), card["preset"], tuple(card["notes"]))
