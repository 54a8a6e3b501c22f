"""Which frames of surveys are worth labelling: those that the model doubts, that people disputed, and that are new.

A frame's worth is its doubt (entropy of its least sure detection, Settles 2009) or that a reviewer disagreed with the
model about it. Frames are then taken one by one, each time the one with the highest product of worth, distance in
looks to what was taken (k-center, Sener & Savarese 2018) and distance on the map.
"""

import http.client
import json
import math
import urllib.request
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.errors import InputError
from detector.results import SurveyResult
from detector.scene.camera import Camera
from detector.types import Detection, Floats, Frame
from training.data.duplicates import without_common
from training.data.formats.source import shared_tail

DISPUTED = ("reject", "relabel")  # decisions of a reviewer that the model was wrong
PLAIN = 0.1  # worth of a frame that the model is sure of: it may still be new
APART_M = 40.0  # two frames this far apart are as far apart on the map as counts
SAME_TIME_S = 0.02  # reviews round a frame's time to milliseconds
DOUBTFUL = 0.8  # entropy in bits, from which on a frame was chosen for its doubt: scores of 0.25 to 0.75
METRES_PER_DEGREE = 111_320.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A frame that could be labelled."""

    survey: str  # name of its result
    frame: Frame
    camera: Camera
    detections: tuple[Detection, ...]
    doubt: float  # bits, 0 to 1
    disputed: bool

    @property
    def worth(self) -> float:
        """0 to 1; disagreement with a person counts as full doubt."""
        return 1.0 if self.disputed else PLAIN + (1 - PLAIN) * self.doubt


@dataclass(frozen=True, slots=True)
class Choice:
    """A chosen frame, and why."""

    candidate: Candidate
    reason: str  # disputed, doubtful or new
    novelty: float  # distance in looks to those chosen before it, 0 to 1


class Paths:
    """Files, found by as much of another path as ends the same: footage may lie elsewhere on another machine."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._by_name: dict[str, list[str]] = defaultdict(list)
        for path in paths:
            self._by_name[_parts(path)[-1]].append(path)

    def closest(self, path: str) -> list[str]:
        """Those that end like it by the most parts: none where no name is the same, several where they tie."""
        found = self._by_name.get(_parts(path)[-1], [])
        shared = [shared_tail(_parts(other), _parts(path)) for other in found]
        return [other for other, n in zip(found, shared, strict=True) if n == max(shared)]


def of_footage(disputed: Iterable[tuple[str, float]], sources: Iterable[str]) -> dict[str, list[float]]:
    """Media times in s of disputed frames, by which of the footage `sources` they are of.

    `disputed` are (path of the footage as the reviewer's server knows it, media time in s). One whose path fits several
    sources, or fits its source worse than another disputed path does, is of none.
    """
    disputed = set(disputed)
    ours, theirs = Paths(sorted(set(sources))), Paths(sorted({said for said, _ in disputed}))
    times: dict[str, list[float]] = defaultdict(list)
    for said, time in sorted(disputed):
        match ours.closest(said):
            case [source] if theirs.closest(source) == [said]:
                times[source].append(time)
    return dict(times)


def near(time_s: float, times: Iterable[float]) -> list[float]:
    """Those of `times` that mean the frame at `time_s`."""
    return [time for time in times if abs(time - time_s) <= SAME_TIME_S]


def candidates(survey: str, result: SurveyResult, disputed: Mapping[str, Sequence[float]]) -> list[Candidate]:
    """The frames of a survey that show the road well enough to label.

    `disputed` are the media times in s, by footage, of frames whose damage a reviewer rejected or relabelled.
    """
    cameras = {(c["width"], c["height"]): _camera(c) for c in result.meta["cameras"]}
    usable = {c.frame_index for c in result.coverage if c.usable}
    seen: dict[int, list[Detection]] = defaultdict(list)
    for index, detection in result.detections:
        seen[index].append(detection)
    return [
        Candidate(
            survey,
            frame,
            cameras[frame.width, frame.height],
            tuple(seen[frame.index]),
            max((entropy(d.score) for d in seen[frame.index]), default=0.0),
            bool(near(frame.media_time_s, disputed.get(frame.source, ()))),
        )
        for frame in result.frames
        if frame.index in usable or seen[frame.index]
    ]


def entropy(probability: float) -> float:
    """Of yes or no, in bits: 1 where both are as likely, 0 where one is certain."""
    p = min(max(probability, 1e-9), 1 - 1e-9)
    return -(p * math.log2(p) + (1 - p) * math.log2(1 - p))


def choose(found: Sequence[Candidate], signatures: NDArray[np.float32], count: int) -> list[Choice]:
    """Choose at most `count` frames, the most worth first. `signatures` (n, k) tell what each frame looks like."""
    looks = without_common(signatures, [c.survey for c in found])
    places = _metres(found)
    worth = np.array([c.worth for c in found])
    novelty, apart = np.ones(len(found)), np.ones(len(found))
    left = np.ones(len(found), bool)
    chosen: list[Choice] = []
    while left.any() and len(chosen) < count:
        gain = np.where(left, worth * novelty * apart, -1.0)
        best = int(np.argmax(gain))
        if gain[best] <= 0:
            break  # what is left is where and what something chosen is already
        chosen.append(Choice(found[best], _reason(found[best]), float(novelty[best])))
        left[best] = False
        alike = np.clip(looks @ looks[best], 0.0, 1.0).astype(np.float64)
        novelty = np.minimum(novelty, 1.0 - alike)
        distance = np.hypot(*(places - places[best]).T)
        apart = np.minimum(apart, np.clip(distance / APART_M, 0.0, 1.0))
    return chosen


def read_reviews(source: str, token: str | None = None) -> list[tuple[str, float]]:
    """(path of the footage, media time in s) of every frame whose damage a reviewer last rejected or relabelled.

    `source` is the answer of the server's `GET /v1/reviews` as a file, or the server's address. Raises InputError for
    anything else.
    """
    reviews = _fetched(source, token) if source.startswith(("http://", "https://")) else _reviews(_read(source), source)
    try:
        last = {r["defect"]: r for r in sorted(reviews, key=lambda r: r["id"])}
        return [
            (str(r["snapshot"]["source"]), float(r["snapshot"]["media_time_s"]))
            for r in last.values()
            if r["decision"] in DISPUTED and r["snapshot"].get("media_time_s") is not None
        ]
    except (KeyError, TypeError, ValueError) as problem:
        raise InputError(source, "holds other things than reviews", "save the answer of GET /v1/reviews") from problem


def _fetched(address: str, token: str | None) -> list[dict[str, Any]]:
    """All pages of the server's reviews."""
    reviews: list[dict[str, Any]] = []
    since: int | None = 0
    while since is not None:
        url = f"{address.rstrip('/').removesuffix('/v1/reviews')}/v1/reviews?since={since}"
        try:
            request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
            with urllib.request.urlopen(request, timeout=60) as answer:
                page = _json(answer.read(), url)
        except (OSError, http.client.HTTPException, ValueError) as problem:  # ValueError: an address that is none
            raise InputError(url, f"can't be read ({problem})", "check the address and the token") from problem
        reviews += _reviews(page, url)
        since, before = page.get("next"), since
        if since is not None and not (isinstance(since, int) and since > before):
            raise InputError(url, f"says that more follow after {since}", "it is no server of this schouw; update one")
    return reviews


def _read(path: str) -> Any:
    try:
        return _json(Path(path).read_bytes(), path)
    except OSError as problem:
        raise InputError(path, f"can't be read ({problem.strerror})", "check the path") from problem


def _json(content: bytes, source: str) -> Any:
    try:
        return json.loads(content)
    except ValueError as problem:
        raise InputError(source, "is not JSON", "save the answer of GET /v1/reviews") from problem


def _reviews(page: Any, source: str) -> list[dict[str, Any]]:
    if not isinstance(page, dict) or not isinstance(page.get("reviews"), list):
        raise InputError(source, "holds other things than reviews", "save the answer of GET /v1/reviews")
    return list(page["reviews"])


def _parts(path: str) -> list[str]:
    return path.replace("\\", "/").split("/")


def _reason(candidate: Candidate) -> str:
    if candidate.disputed:
        return "disputed"
    return "doubtful" if candidate.doubt >= DOUBTFUL else "new"


def _camera(card: dict[str, Any]) -> Camera:
    return Camera(**{key: value for key, value in card.items() if key != "origin"})


def _metres(found: Sequence[Candidate]) -> Floats:
    """Places (n, 2) in metres east and north of the first; good to a percent over a hundred kilometres."""
    places = np.array([(c.frame.pose.lon, c.frame.pose.lat) for c in found]).reshape(-1, 2)
    scale = METRES_PER_DEGREE * np.array([math.cos(math.radians(places[0, 1])), 1.0])
    return np.asarray((places - places[0]) * scale)
