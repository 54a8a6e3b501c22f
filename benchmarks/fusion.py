"""How well drives are fused to unique defects, and how fast.

    python -m benchmarks.fusion [--seeds 1,2,3] [--drives 12] [--bias 1.5,3] [--speed] [--json FILE]

Simulated, as no public data shows the same road's damage over many dates with identity. A winding two-way road has
cracks, ravelling and potholes, some of these two metres apart; some damage is repaired, some grows, some comes later.
Each drive goes one way or both, finds 60 % of what it passes (less from the other lane), raises false alarms, sees long
damage in part, and is off by a wandering receiver error of 1.5 or 3 m (1 sigma along each axis) that nothing has taken
out. Every figure is printed with registration and without. CPU seconds of this process.
"""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from shapely.ops import substring

from detector.files import atomic_path
from detector.taxonomy import BY_NAME, CLASSES, Measure
from detector.types import Floats, Ints
from roads.fusion import FusionOptions, State, add, defects_at
from roads.inventory import SIGHTS, Inventory, empty_inventory
from roads.network import Network
from roads.placing import Placed
from roads.tables import OBSERVATIONS, PASSES, SURVEYS, conform

ORIGIN = np.array([155_000.0, 463_000.0])
RD = pyproj.CRS.from_epsg(28992)
START_S, DAY_S = 1_700_000_000.0, 86400.0
SPEED_MPS, ERROR_LASTS_S = 10.0, 60.0
SECTION_M = 100.0
POTHOLE = BY_NAME["pothole"].id


@dataclass(frozen=True)
class World:
    """One road of n_sections * 100 m, and its damage; `s`, `t` are metres along it and to its left."""

    network: Network
    road: shapely.LineString
    damage: pd.DataFrame  # class_id, s, t, length_m, width_m, born, repaired (days), growth (per year)


@dataclass(frozen=True)
class Drives:
    """What may go wrong on a drive."""

    bias_m: float = 1.5  # 1 sigma of the receiver's error along each axis
    recall: float = 0.6
    other_lane: float = 0.7  # factor on recall
    false_per_km: float = 5.0
    own_m: tuple[float, float] = (0.6, 0.3)  # 1 sigma of measuring, along and across
    size_sigma: float = 0.15
    unusable: float = 0.05  # of the sections


def world(rng: np.random.Generator, length_m: float = 5000.0) -> World:
    n = round(length_m / SECTION_M)
    x = np.arange(0, 1.3 * length_m, 10.0)
    line = shapely.LineString(np.column_stack([x, 120 * np.sin(x / 250)]) + ORIGIN)
    road = substring(line, 0, n * SECTION_M)
    sections = [substring(road, k * SECTION_M, (k + 1) * SECTION_M) for k in range(n)]
    segments = gpd.GeoDataFrame(
        {
            "segment_id": [str(k) for k in range(n)],
            "name": "",
            "oneway": np.zeros(n, np.int8),
            "length_m": shapely.length(sections),
            "parent_id": "road",
            "from_m": SECTION_M * np.arange(n),
            "to_m": SECTION_M * np.arange(1, n + 1),
        },
        geometry=sections,
        crs=RD,
    )
    return World(Network(Path("simulated"), segments, RD, "generic", ()), road, _damage(rng, road.length))


def _damage(rng: np.random.Generator, length_m: float) -> pd.DataFrame:
    rows: list[dict[str, float]] = []

    def put(name: str, s: float, t: float, length: float, width: float) -> None:
        rows.append({"class_id": BY_NAME[name].id, "s": s, "t": t, "length_m": length, "width_m": width})

    for s in np.arange(0, length_m, 1000 / 12):  # rows of potholes, or one
        lane, first = rng.choice([-1.75, 1.75]), s + rng.uniform(0, 60)
        for k in range(int(rng.choice([1, 1, 2, 3, 6]))):
            side = np.exp(rng.normal(np.log(0.5), 0.4))
            put("pothole", first + rng.uniform(1.8, 2.4) * k, lane + rng.normal(0, 0.5), side, side)
    for s in np.arange(0, length_m, 1000 / 15):
        at, lane = s + rng.uniform(0, 50), rng.choice([-1.75, 1.75])
        match rng.integers(3):
            case 0:
                put("longitudinal_crack", at, lane + rng.normal(0, 0.7), np.exp(rng.normal(1.8, 0.6)), 0.3)
            case 1:
                put("transverse_crack", at, lane, 0.3, rng.uniform(1, 3))
            case 2:
                put("alligator_crack", at, lane, np.exp(rng.normal(1.0, 0.5)), rng.uniform(0.5, 2))
    for s in np.arange(0, length_m, 1000 / 4):
        put("ravelling", s + rng.uniform(0, 150), rng.choice([-1.75, 1.75]), np.exp(rng.normal(2.5, 0.6)), 2.0)
    damage = pd.DataFrame(rows)
    n = len(damage)
    damage["born"] = np.where(rng.random(n) < 0.2, rng.uniform(0, 720, n), -1.0)
    damage["repaired"] = np.where(rng.random(n) < 0.25, rng.uniform(90, 600, n), np.inf)
    damage["growth"] = np.where(rng.random(n) < 0.25, 0.8, 0.0)  # log amount per year
    return damage[damage["s"] < length_m - 1].reset_index(drop=True)


def simulated_drive(w: World, rng: np.random.Generator, k: int, day: float, how: Drives) -> tuple[Placed, Ints]:
    """One drive, and which damage each of its observations shows; -1 for a false alarm."""
    ways = [True, False] if rng.random() < 0.3 else [bool(rng.random() < 0.5)]
    parts, passes = [], []
    for visit, forward in enumerate(ways):
        usable = rng.random(len(w.network.segments)) >= how.unusable
        begin_s = START_S + day * DAY_S + visit * 1.2 * w.road.length / SPEED_MPS
        parts.append(_seen(w, rng, day, begin_s, forward, usable, how).assign(visit=visit, forward=forward))
        n = len(usable)
        at = w.network.segments["from_m"].to_numpy()
        table = {"survey": -1, "segment": np.arange(n), "visit": visit, "forward": forward, "from_m": 0.0}
        table |= {"to_m": w.network.segments["length_m"].to_numpy(), "usable": usable}
        way = at if forward else w.road.length - at
        table |= {"reason": np.where(usable, "", "glare"), "time_s": begin_s + way / SPEED_MPS}
        passes.append(pd.DataFrame(table))
    seen = pd.concat(parts, ignore_index=True)
    seen["number"] = np.arange(1, len(seen) + 1)
    placed = conform(pd.concat(passes), PASSES)
    survey = {
        "survey_id": f"drive {k}",
        "name": f"drive {k}",
        "from_s": float(placed["time_s"].min()),
        "to_s": float(placed["time_s"].max()),
        "driven_m": w.road.length * len(ways),
        "frames": 0,
        "card": "{}",
    }
    track = gpd.GeoDataFrame({"frame": [0]}, geometry=shapely.points([ORIGIN]), crs=RD)
    return Placed(survey, conform(seen, OBSERVATIONS), placed, track), seen["truth"].to_numpy()


def _seen(
    w: World, rng: np.random.Generator, day: float, begin_s: float, forward: bool, usable: Any, how: Drives
) -> pd.DataFrame:
    d, length_m = w.damage, w.road.length
    own_lane = (d["t"].to_numpy() < 0) == forward
    section = np.minimum(d["s"].to_numpy() // SECTION_M, len(usable) - 1).astype(int)
    found = rng.random(len(d)) < how.recall * np.where(own_lane, 1.0, how.other_lane)
    found &= usable[section] & (d["born"] < day).to_numpy() & (d["repaired"] > day).to_numpy()
    true = d[found].assign(truth=np.flatnonzero(found), score=lambda t: rng.beta(5, 2.5, len(t)))
    age = (day - np.maximum(true["born"], 0)) / 365.25
    grown = np.exp(true["growth"] * age)
    by_length = np.array([c.measure is Measure.LENGTH for c in CLASSES])[true["class_id"]]
    side = np.where(by_length, grown, np.sqrt(grown))
    crack = true["class_id"].to_numpy() < POTHOLE
    part = np.where((true["length_m"] > 4) & (rng.random(len(true)) < 0.3), rng.uniform(0.5, 1, len(true)), 1.0)
    true["s"] += rng.choice([-0.5, 0.5], len(true)) * (1 - part) * true["length_m"] * side
    for name, share in (("length_m", part), ("width_m", 1.0)):
        true[name] *= side * share * np.exp(rng.normal(0, how.size_sigma, len(true)))
    other = crack & (rng.random(len(true)) < 0.15)
    true["class_id"] = np.where(other, rng.integers(0, POTHOLE, len(true)), true["class_id"])
    seen = pd.concat([true, _false_alarms(rng, length_m, forward, how)], ignore_index=True)
    way = np.where(forward, seen["s"], length_m - seen["s"])
    seen = seen.assign(way=way).sort_values("way", kind="stable", ignore_index=True)
    seen["time_s"] = begin_s + seen["way"] / SPEED_MPS
    return _observed(w, rng, seen, forward, how)


def _false_alarms(rng: np.random.Generator, length_m: float, forward: bool, how: Drives) -> pd.DataFrame:
    n = rng.poisson(how.false_per_km * length_m / 1000)
    lane = -1.75 if forward else 1.75
    return pd.DataFrame(
        {
            "class_id": rng.integers(0, len(CLASSES), n),
            "s": rng.uniform(0, length_m - 1, n),
            "t": lane + rng.normal(0, 1, n),
            "length_m": np.exp(rng.normal(0, 0.5, n)),
            "width_m": np.exp(rng.normal(-0.5, 0.4, n)),
            "truth": -1,
            "score": rng.beta(2, 4, n),
        }
    )


def _observed(w: World, rng: np.random.Generator, seen: pd.DataFrame, forward: bool, how: Drives) -> pd.DataFrame:
    """The places as this drive takes them to be."""
    middle, ahead = _on_road(w.road, seen["s"].to_numpy())
    left = np.column_stack([-ahead[:, 1], ahead[:, 0]])
    noise = rng.normal(0, how.own_m, (len(seen), 2))
    error = wandering(rng, seen["time_s"].to_numpy(), how.bias_m)
    xy = middle + left * (seen["t"].to_numpy() + noise[:, 1])[:, None] + ahead * noise[:, :1] + error
    heading = np.degrees(np.arctan2(*(ahead if forward else -ahead).T)) % 360
    lines = w.network.segments.geometry.to_numpy()
    points = shapely.points(xy)
    segment = shapely.STRtree(lines).nearest(points)
    return seen.assign(
        survey=-1,
        defect=-1,
        segment=segment,
        x_m=xy[:, 0],
        y_m=xy[:, 1],
        sigma_m=float(np.sqrt(how.bias_m**2 + np.mean(np.square(how.own_m)))),
        heading_deg=heading,
        offset_m=shapely.line_locate_point(lines[segment], points),
        from_line_m=seen["t"],
        left_m=seen["t"] * (1 if forward else -1),
        area_m2=seen["length_m"] * seen["width_m"],
        size_sigma=how.size_sigma,
        looks=3,
        source="simulated.mp4",
        media_time_s=seen["time_s"] - START_S,
        reason="",
    )


def _on_road(road: shapely.LineString, s: Floats) -> tuple[Floats, Floats]:
    """Places and unit directions at these metres along the road."""
    at, on = (shapely.get_coordinates(shapely.line_interpolate_point(road, s + d)) for d in (0.0, 0.5))
    back = shapely.get_coordinates(shapely.line_interpolate_point(road, np.maximum(s - 0.5, 0.0)))
    ahead = on - back
    return at, ahead / np.hypot(*ahead.T)[:, None]


def wandering(rng: np.random.Generator, time_s: Floats, sigma_m: float) -> Floats:
    """(n, 2) a Gauss-Markov error at ascending times."""
    error = np.empty((len(time_s), 2))
    now = rng.normal(0, sigma_m, 2)
    keeps = np.exp(-np.diff(time_s, prepend=time_s[:1]) / ERROR_LASTS_S)
    for i, keep in enumerate(keeps):
        now = keep * now + np.sqrt(1 - keep**2) * rng.normal(0, sigma_m, 2)
        error[i] = now
    return error


def pair_counts(truth: Ints, defect: Ints) -> tuple[int, int, int]:
    """Pairs of one damage, pairs fused to one defect, and pairs that are both. A false alarm is alone."""
    truth = np.where(truth >= 0, truth, -1 - np.arange(len(truth)))

    def pairs(*keys: Ints) -> int:
        counts = pd.DataFrame(dict(enumerate(keys))).value_counts().to_numpy()
        return int((counts * (counts - 1) // 2).sum())

    return pairs(truth), pairs(defect), pairs(truth, defect)


def simulate(
    w: World, rng: np.random.Generator, drives: int, how: Drives, options: FusionOptions
) -> tuple[Inventory, Ints, float]:
    """Add drives over two years: the inventory, the truth of each observation, and CPU seconds for each drive."""
    inventory, truths, spent = empty_inventory(w.network), [], 0.0
    for k in range(drives):
        placed, truth = simulated_drive(w, rng, k, 730.0 * k / max(drives - 1, 1), how)
        begin = time.process_time()
        inventory = add(inventory, placed, options)
        spent += time.process_time() - begin
        truths.append(truth)
    return inventory, np.concatenate(truths), spent / drives


def measure(w: World, inventory: Inventory, truth: Ints) -> dict[str, float]:
    """Identity, count and states, against the truth."""
    observations = inventory.observations
    same, fused, both = pair_counts(truth, observations["defect"].to_numpy())
    precision, recall = both / max(fused, 1), both / max(same, 1)
    defects = defects_at(inventory).set_index("id")
    # A defect stands for the damage that most of its sights show.
    owner = observations.assign(truth=truth).groupby("defect")["truth"].agg(lambda t: t.value_counts().index[0])
    owner = owner.reindex(defects.index).to_numpy()
    d, day = w.damage, 730.0
    found = np.unique(truth[truth >= 0])
    there = found[(d["repaired"].to_numpy()[found] > day)]
    listed = (defects["probability"] >= 0.5).to_numpy()
    gone = (defects["state"] == State.GONE).to_numpy()
    covered = (defects["last_covered_s"] > defects["last_seen_s"]).to_numpy()
    absent = (owner < 0) | (d["repaired"].to_numpy()[owner] <= day)
    sure = covered & (defects["missed"] >= 3).to_numpy()
    grown = (defects["state"] == State.GROWN).to_numpy()
    grows = (owner >= 0) & (d["growth"].to_numpy()[owner] > 0)
    compared = (defects["growth"].notna() & (owner >= 0)).to_numpy()
    return {
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / max(precision + recall, 1e-9),
        "damage there": float(len(there)),
        "defects, ever": float(len(defects)),
        "count (sum of p)": float(defects["probability"].sum()),
        "count error": defects["probability"].sum() / len(there) - 1,
        "listed (p >= 0.5)": float(listed.sum()),
        "listed, right": float(np.isin(np.unique(owner[listed & ~absent]), there).sum() / max(listed.sum(), 1)),
        "there, listed": float(np.isin(there, owner[listed]).mean()),
        "gone, right": float(absent[gone].mean()) if gone.any() else np.nan,
        "absent and missed 3x, gone": float(gone[absent & sure].mean()) if (absent & sure).any() else np.nan,
        "grown, right": float(grows[grown].mean()) if grown.any() else np.nan,
        "grows, grown": float(grown[grows & compared].mean()) if (grows & compared).any() else np.nan,
    }


def large(rng: np.random.Generator, observations: int, sections: int, surveys: int = 10) -> Inventory:
    """An inventory of this size: sections side by side, each damage seen by a third of the surveys."""
    across = int(np.ceil(np.sqrt(sections)))
    place = np.array(np.divmod(np.arange(sections), across)).T * [SECTION_M, 50.0] + ORIGIN
    lines = shapely.linestrings(np.stack([place, place + np.array([SECTION_M, 0.0])], axis=1))
    ids = [str(k) for k in range(sections)]
    segments = gpd.GeoDataFrame(
        {"segment_id": ids, "name": "", "oneway": np.zeros(sections, np.int8), "length_m": SECTION_M},
        geometry=lines,
        crs=RD,
    ).assign(parent_id=ids, from_m=0.0, to_m=SECTION_M)
    seen_by = surveys // 3
    n = observations // seen_by
    defect = np.repeat(np.arange(n), seen_by)
    survey = (rng.integers(0, surveys, n)[:, None] + np.arange(seen_by) * 3).reshape(-1) % surveys
    segment, offset = rng.integers(0, sections, n)[defect], rng.uniform(1, 99, n)[defect]
    count = len(defect)
    offset = np.clip(offset + rng.normal(0, 0.6, count), 0, SECTION_M)
    table = pd.DataFrame({name: np.zeros(count, kind if kind != "string" else object) for name, kind in SIGHTS.items()})
    size = np.exp(rng.normal(-0.7, 0.4, n))[defect]
    table = table.assign(survey=survey, defect=defect + 1, class_id=rng.integers(0, len(CLASSES), n)[defect])
    table = table.assign(segment=segment, offset_m=offset, forward=True, x_m=place[segment, 0] + offset)
    table = table.assign(y_m=place[segment, 1] - 1.75 + rng.normal(0, 0.3, count), sigma_m=2.0, heading_deg=90.0)
    table = table.assign(
        from_line_m=-1.75, length_m=size, width_m=size, area_m2=size**2, size_sigma=0.2, source="v.mp4"
    )
    table = table.assign(score=rng.beta(5, 2.5, count), looks=3, time_s=START_S + survey * 60 * DAY_S, reason="")
    table = table.sort_values("survey", kind="stable", ignore_index=True)
    table["number"] = table.groupby("survey").cumcount() + 1
    driven = pd.DataFrame({"survey": np.repeat(np.arange(surveys), sections), "segment": np.tile(ids, surveys)})
    driven = driven.assign(visit=0, forward=True, from_m=0.0, to_m=SECTION_M, usable=True, reason="")
    driven["time_s"] = START_S + driven["survey"] * 60 * DAY_S
    names = [f"survey {k}" for k in range(surveys)]
    at = START_S + np.arange(surveys) * 60 * DAY_S
    about = pd.DataFrame({"survey_id": names, "name": names, "from_s": at, "to_s": at + 1, "driven_m": 0.0})
    about = conform(about.assign(frames=0, card="{}"), SURVEYS)
    track = gpd.GeoDataFrame({"survey": [0]}, geometry=shapely.points([ORIGIN]), crs=RD)
    network = Network(Path("simulated"), segments, RD, "generic", ())
    return Inventory(network, about, conform(table, SIGHTS), conform(driven, PASSES), track, n + 1)


def one_drive(inventory: Inventory, observations: int) -> Placed:
    """The first survey's first observations again, as another drive's."""
    seen = inventory.observations.iloc[:observations]
    seen = seen.assign(survey=-1, defect=-1, time_s=seen["time_s"] + 1000 * DAY_S + np.arange(len(seen)))
    passes = inventory.passes[inventory.passes["survey"] == 0].iloc[:observations]
    survey: dict[str, Any] = inventory.surveys.iloc[0].to_dict() | {"survey_id": "another"}
    survey |= {"from_s": survey["from_s"] + 1000 * DAY_S, "to_s": survey["to_s"] + 1000 * DAY_S}
    return Placed(survey, conform(seen, OBSERVATIONS), passes.assign(survey=-1), inventory.track.iloc[:0])


def timed(work: Any) -> tuple[Any, float]:
    begin = time.process_time()
    result = work()
    return result, time.process_time() - begin


def speed(observations: int = 1_000_000, sections: int = 100_000) -> dict[str, float]:
    inventory = large(np.random.default_rng(1), observations, sections)
    defects, all_s = timed(lambda: defects_at(inventory))
    _, add_s = timed(lambda: add(inventory, one_drive(inventory, 1000)))
    return {
        "observations": len(inventory.observations),
        "sections": sections,
        "passes": len(inventory.passes),
        "defects": len(defects),
        "defects_at, s": all_s,
        "add 1000 observations, s": add_s,
    }


def rows(seeds: list[int], biases: list[float], drives: int) -> Iterator[dict[str, Any]]:
    for bias in biases:
        for registered in (True, False):
            for seed in seeds:
                rng = np.random.default_rng(seed)
                w = world(rng)
                options = replace(FusionOptions(), register=registered)
                inventory, truth, spent = simulate(w, rng, drives, Drives(bias_m=bias), options)
                about = {"bias_m": bias, "registered": registered, "seed": seed, "observations": len(truth)}
                yield about | measure(w, inventory, truth) | {"s/drive": spent}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--bias", default="1.5,3", help="metres, 1 sigma along each axis")
    parser.add_argument("--drives", type=int, default=12)
    parser.add_argument("--speed", action="store_true", help="time an inventory of 1,000,000 observations as well")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    found = pd.DataFrame(
        rows([int(s) for s in args.seeds.split(",")], [float(b) for b in args.bias.split(",")], args.drives)
    )
    means = found.groupby(["bias_m", "registered"], sort=False).mean().drop(columns="seed")
    print(f"{args.drives} drives over two years on 5 km, mean of {found['seed'].nunique()} seeds\n")
    print(means.T.round(3).to_string())
    timings = speed() if args.speed else {}
    if timings:
        print("\n" + "\n".join(f"{name:28} {value:,.2f}" for name, value in timings.items()))
    if args.json:
        with atomic_path(args.json) as path:
            path.write_text(json.dumps({"fusion": found.to_dict("records"), "speed": timings}, indent=2) + "\n")


if __name__ == "__main__":
    main()
