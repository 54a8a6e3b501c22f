"""A made-up town on a server: 99,904 streets of 100 m, driven five times, each damage seen once."""

import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import shapely

from api.context import open_context
from api.settings import read_settings
from api.store.layers import map_state
from api.store.publish import publish
from benchmarks.locating import town
from detector.taxonomy import CLASSES
from roads.condition.table import read_table
from roads.inventory import SIGHTS, Inventory, empty_inventory, write_inventory
from roads.network import Network
from roads.tables import PASSES, SURVEYS, TRACK, conform

SURVEYED = 5
START_S, DAY_S = 1_700_000_000.0, 86_400.0
KEY = "inventories/1"
LANE_M = 1.75


def town_inventory(defects: int) -> Inventory:
    """The town after its surveys: every street passed by each, and so many defects, each seen by one."""
    rng = np.random.default_rng(1)
    network = _named(town())
    segments = network.segments
    n, roads = defects, len(segments)
    survey, segment, share = rng.integers(0, SURVEYED, n), rng.integers(0, roads, n), rng.uniform(0.02, 0.98, n)
    driven = np.lexsort([share, segment, survey])  # a survey numbers damage as it comes by
    survey, segment, share = survey[driven], segment[driven], share[driven]
    lines = segments.geometry.to_numpy()[segment]
    offset = share * segments["length_m"].to_numpy()[segment]
    xy = shapely.get_coordinates(shapely.line_interpolate_point(lines, offset)) + rng.normal(0, 1.0, (n, 2))
    size = np.exp(rng.normal(-0.7, 0.4, n))
    sights = pd.DataFrame({name: np.zeros(n, kind if kind != "string" else object) for name, kind in SIGHTS.items()})
    sights = sights.assign(
        survey=survey, number=np.arange(n) + 1, defect=np.arange(n) + 1, class_id=rng.integers(0, len(CLASSES), n),
        segment=segment, forward=True, x_m=xy[:, 0], y_m=xy[:, 1], sigma_m=2.0, heading_deg=90.0, offset_m=offset,
        from_line_m=-LANE_M, left_m=-0.5, length_m=size, width_m=size, area_m2=size**2, size_sigma=0.2,
        score=rng.beta(5, 2.5, n), looks=3, time_s=START_S + survey * 60 * DAY_S, source="drive.mp4", reason="",
    )  # fmt: skip
    passes = pd.DataFrame(
        {"survey": np.repeat(np.arange(SURVEYED), roads), "segment": np.tile(np.arange(roads), SURVEYED)}
    )
    passes = passes.assign(visit=0, forward=True, from_m=0.0, usable=True, reason="")
    passes["to_m"] = np.tile(segments["length_m"].to_numpy(), SURVEYED)
    passes["time_s"] = START_S + passes["survey"] * 60 * DAY_S
    names = [f"drive{k}" for k in range(SURVEYED)]
    at = START_S + np.arange(SURVEYED) * 60 * DAY_S
    about = pd.DataFrame({"survey_id": names, "name": names, "from_s": at, "to_s": at + 3600, "driven_m": 1e7})
    about = about.assign(frames=2, card="{}")
    empty = empty_inventory(network)
    track = empty.track.reindex(range(2 * SURVEYED))
    track["survey"] = np.repeat(np.arange(SURVEYED), 2)
    track[["frame", "time_s"]] = 0
    track = track.astype({name: kind for name, kind in TRACK.items() if kind != "float64"})
    ends = shapely.get_point(segments.geometry.to_numpy()[:SURVEYED].repeat(2), [0, -1] * SURVEYED)
    track.geometry = ends
    return Inventory(
        network, conform(about, SURVEYS), conform(sights, SIGHTS), conform(passes, PASSES),
        track.set_crs(network.crs, allow_override=True), n + 1,
    )  # fmt: skip


def _named(network: Network) -> Network:
    segments = network.segments.assign(name=[f"Straat {i // 12}" for i in range(len(network.segments))])
    return Network(Path("town.gpkg"), segments, network.crs, network.preset, network.notes)


def build(home: Path, defects: int) -> float:
    """Make the town's server in a folder, unless it is there; return how long publishing took, s."""
    context = open_context(read_settings(home=home))
    try:
        with context.database.read() as session:
            if map_state(session) is not None:
                return float("nan")
        inventory = town_inventory(defects)
        with tempfile.TemporaryDirectory() as folder:
            write_inventory(inventory, Path(folder) / "inventory")
            context.blobs.put(KEY, Path(folder) / "inventory")
        begin = time.perf_counter()
        publish(context.database, inventory, read_table(), key=KEY, revision=1)
        return time.perf_counter() - begin
    finally:
        context.close()
