"""Whole surveys of a small rendered video. The model is a threshold: in this street damage is red."""

import json
import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from detector.errors import FootageError, InputError, SettingsError, TrackError
from detector.results import picture_path, read_result
from detector.scene.camera import Camera, write_camera
from detector.survey import DetectOptions, survey
from detector.taxonomy import BY_NAME
from detector.types import Detection
from tests.detector.street import PLANE, Damage, on_plane

CAMERA = Camera(640, 360, 500.0, 320.0, 180.0, 1.4, 5.0, calibrated=True)
START = datetime(2024, 5, 14, 9, 30, tzinfo=UTC)
METRES, SPEED_MPS, FPS = 60.0, 10.0, 10
DAMAGES = [
    Damage("pothole", 20.0, 1.0, 0.8, 0.8),
    Damage("pothole", 33.0, -1.2, 1.0, 0.7),
    Damage("pothole", 45.0, 0.3, 0.9, 0.9),
]


class RedThings:
    """Finds red areas in a picture and calls them potholes."""

    def stream(self, pictures):
        for key, image in pictures:
            r, g, b = (image[..., i].astype(int) for i in range(3))
            count, _, stats, _ = cv2.connectedComponentsWithStats(((r > g + 40) & (r > b + 40)).astype(np.uint8))
            yield key, [self._detection(stats[i]) for i in range(1, count) if stats[i, cv2.CC_STAT_AREA] >= 12]

    def _detection(self, row):
        x, y, w, h, _ = (float(v) for v in row)
        return Detection((x, y, x + w, y + h), 0.8, BY_NAME["pothole"].id)


class CarAhead:
    """Finds the same car at the same distance in every picture."""

    def __init__(self, gap_m):
        corners = CAMERA.project(np.array([[gap_m, 0.9, 0.0], [gap_m, -0.9, 1.5]]))
        self.car = Detection((corners[0, 0], corners[1, 1], corners[1, 0], corners[0, 1]), 0.9, 0)

    def stream(self, pictures):
        for key, _ in pictures:
            yield key, [self.car]


def picture(s: float) -> np.ndarray:
    rng = np.random.default_rng(round(s * 10))
    grey = np.clip(rng.normal(110, 25, (CAMERA.height, CAMERA.width, 1)), 0, 255).astype(np.uint8)
    image = np.repeat(grey, 3, axis=2)
    image[: int(CAMERA.horizon_y())] = (150, 180, 220)
    for damage in DAMAGES:
        angle = np.linspace(0, 2 * np.pi, 40)
        ahead = damage.s - s + damage.length / 2 * np.cos(angle)
        if ahead.min() > 1.0:
            outline = CAMERA.project(np.stack([ahead, damage.t + damage.width / 2 * np.sin(angle)], axis=-1))
            cv2.fillPoly(image, [np.round(outline * 16).astype(np.int32)], (200, 40, 40), cv2.LINE_AA, 4)
    return image


def film(path, first_s, last_s, dated=True):
    """A part of the drive as a video."""
    with av.open(str(path), "w") as container:
        if dated:
            began = datetime.fromtimestamp(START.timestamp() + first_s, UTC)
            container.metadata["creation_time"] = began.isoformat().replace("+00:00", "Z")
        stream = container.add_stream("libx264", FPS, options={"crf": "18", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = CAMERA.width, CAMERA.height, "yuv444p"
        stream.time_base = Fraction(1, FPS)
        for i in range(round(first_s * FPS), round(last_s * FPS)):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(i / FPS * SPEED_MPS), format="rgb24")))
        container.mux(stream.encode())
    return path


def photos(folder, count, blur):
    """Photos of a road of noise, every 3 m, blurred by so many pixels."""
    folder.mkdir()
    for i in range(count):
        rng = np.random.default_rng(i)
        noise = rng.normal(0, 1, (CAMERA.height, CAMERA.width)).astype(np.float32)
        noise = cv2.GaussianBlur(noise, (0, 0), blur) if blur else noise
        grey = np.clip(110 + 9 * noise / noise.std(), 0, 255).astype(np.uint8)
        exif = Pillow.Exif()
        lon, lat = PLANE(*on_plane(3.0 * i, 0.0, 0.0), inverse=True)
        exif.get_ifd(0x8825).update({1: "N", 2: (lat, 0.0, 0.0), 3: "E", 4: (lon, 0.0, 0.0)})
        exif.get_ifd(0x8825).update({7: (9.0, 30.0, float(i)), 29: "2024:05:14"})
        Pillow.fromarray(np.repeat(grey[..., None], 3, 2)).save(folder / f"{i:03d}.jpg", exif=exif, quality=92)
    return folder


@pytest.fixture(scope="module")
def street(tmp_path_factory):
    """drive.mp4, drive.gpx and camera.yaml; the car drives north."""
    folder = tmp_path_factory.mktemp("street")
    film(folder / "drive.mp4", 0.0, METRES / SPEED_MPS)
    points = []
    for second in range(-1, int(METRES / SPEED_MPS) + 2):
        lon, lat = PLANE(*on_plane(second * SPEED_MPS, 0.0, 0.0), inverse=True)
        time = datetime.fromtimestamp(START.timestamp() + second, UTC).isoformat().replace("+00:00", "Z")
        points.append(f'<trkpt lat="{lat:.8f}" lon="{lon:.8f}"><time>{time}</time></trkpt>')
    gpx = f'<gpx version="1.1" creator="test"><trk><trkseg>{"".join(points)}</trkseg></trk></gpx>'
    (folder / "drive.gpx").write_text(gpx)
    write_camera(CAMERA, folder / "camera.yaml")
    return folder


def run(footage, track, out, progress=lambda stage, done, total: None, **options):
    return survey(footage, track, out, DetectOptions(**options), RedThings(), {"name": "red things"}, progress)


def test_a_drive_gives_its_defects_once_in_place_and_size(street, tmp_path):
    stages = []
    report = run(
        [street / "drive.mp4"],
        street / "drive.gpx",
        tmp_path / "out",
        lambda *told: stages.append(told),
        camera=street / "camera.yaml",
    )
    assert report.failed == []
    assert read_result(tmp_path / "out") == report.result
    assert len(report.result.defects) == len(DAMAGES)
    for defect, damage in zip(report.result.defects, DAMAGES, strict=True):
        x, y = PLANE(defect.lon, defect.lat)
        assert (x, y) == pytest.approx((-damage.t, damage.s), abs=0.7)
        assert defect.left_m == pytest.approx(damage.t, abs=0.15)
        assert (defect.length_m, defect.width_m) == pytest.approx((damage.length, damage.width), rel=0.35)
        assert len(defect.looks) >= 3
    frames = len(report.result.frames)
    assert frames == pytest.approx(21, abs=1)  # one every 3 m; the smoothed drive may be a little shorter
    assert ("looking at the road", frames, frames) in stages
    assert all(c.usable for c in report.result.coverage)


@pytest.mark.parametrize("gap_m", [14.0, 3.4])
def test_a_car_ahead_hides_the_road_and_what_seems_to_lie_on_it(street, tmp_path, gap_m):
    options = DetectOptions(camera=street / "camera.yaml")
    footage, track, out = [street / "drive.mp4"], street / "drive.gpx", tmp_path / "out"
    model, card = RedThings(), {"name": "red things"}
    report = survey(footage, track, out, options, model, card, lambda *_: None, vehicles=CarAhead(gap_m))
    if gap_m > 10:
        assert all(c.usable and c.far_m == pytest.approx(gap_m, rel=0.01) for c in report.result.coverage)
    else:
        assert {c.reason for c in report.result.coverage} == {"hidden by a vehicle"}
    assert report.result.meta["counts"]["off_the_road"]["on a vehicle"] > 0


def test_the_pictures_show_road_and_nothing_above_the_horizon(street, tmp_path):
    report = run([street / "drive.mp4"], street / "drive.gpx", tmp_path / "out", camera=street / "camera.yaml")
    for defect in report.result.defects:
        crop = cv2.imread(str(picture_path(tmp_path / "out", defect.id)))
        assert max(crop.shape[:2]) <= 640
        blue = crop[..., 0].astype(int) - crop[..., 2] > 50  # the sky, which is not among the colours of the drawing
        assert blue.mean() < 0.01


def test_the_description_says_how_it_came_about(street, tmp_path):
    out = tmp_path / "out"
    report = run([street / "drive.mp4"], street / "drive.gpx", out, camera=street / "camera.yaml", every_m=5.0)
    frames = len(report.result.frames)
    assert frames == pytest.approx(13, abs=1)
    meta = json.loads((tmp_path / "out" / "survey.json").read_text())["meta"]
    assert meta["model"] == {"name": "red things"}
    assert meta["settings"]["every_m"] == 5.0
    assert meta["cameras"][0]["origin"] == "given"
    assert meta["inputs"] == [{"file": str(street / "drive.mp4"), "status": "done", "error": "", "frames": frames}]
    assert meta["counts"]["defects"]["pothole"] == len(DAMAGES)
    assert set(meta["timings"]) == {"decode", "predict", "scene"}
    assert meta["notes"] == []


def test_without_a_profile_the_camera_is_assumed_and_that_is_noted(street, tmp_path):
    report = run([street / "drive.mp4"], street / "drive.gpx", tmp_path / "out")
    (camera,) = report.result.meta["cameras"]
    assert camera["origin"].startswith("assumed")
    assert not camera["calibrated"]
    assert any("not calibrated" in note for note in report.result.meta["notes"])


def test_one_bad_file_is_told_and_the_rest_is_done(street, tmp_path):
    bad = tmp_path / "broken.mp4"
    bad.write_text("not a video")
    report = run([bad, street / "drive.mp4"], street / "drive.gpx", tmp_path / "out", camera=street / "camera.yaml")
    assert len(report.failed) == 1
    assert "broken.mp4" in report.failed[0]
    assert len(report.result.defects) == len(DAMAGES)
    assert sorted(i["status"] for i in report.result.meta["inputs"]) == ["done", "failed"]


@pytest.mark.parametrize(
    ("footage", "track", "error"),
    [("no.mp4", "drive.gpx", FootageError), ("drive.mp4", "no.gpx", TrackError), ("drive.mp4", None, TrackError)],
)
def test_where_nothing_can_be_used_the_error_is_raised_and_nothing_written(street, tmp_path, footage, track, error):
    with pytest.raises(error):
        run([street / footage], None if track is None else street / track, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_profile_of_other_pictures_is_refused(street, tmp_path):
    square = replace(CAMERA, width=400, height=400)
    write_camera(square, tmp_path / "square.yaml")
    with pytest.raises(SettingsError, match="another shape"):
        run([street / "drive.mp4"], street / "drive.gpx", tmp_path / "out", camera=tmp_path / "square.yaml")
    assert not (tmp_path / "out").exists()


def test_an_impossible_step_is_refused(street, tmp_path):
    with pytest.raises(SettingsError, match="every 0"):
        run([street / "drive.mp4"], street / "drive.gpx", tmp_path / "out", every_m=0.0)


def test_a_folder_of_videos_is_its_videos(street, tmp_path):
    report = run([street], street / "drive.gpx", tmp_path / "out", camera=street / "camera.yaml")
    assert [i["file"] for i in report.result.meta["inputs"]] == [str(street / "drive.mp4")]


@pytest.mark.parametrize("first_end_s", [3.0, 4.0])
def test_videos_that_overlap_show_each_part_of_the_drive_once(street, tmp_path, first_end_s):
    footage = [film(tmp_path / "a.mp4", 0.0, first_end_s), film(tmp_path / "b.mp4", 2.0, METRES / SPEED_MPS)]
    report = run(footage, street / "drive.gpx", tmp_path / "out", camera=street / "camera.yaml")
    assert report.failed == []
    assert [PLANE(d.lon, d.lat)[1] for d in report.result.defects] == pytest.approx([d.s for d in DAMAGES], abs=0.7)
    assert any("b.mp4" in note and "left out" in note for note in report.result.meta["notes"])


def test_footage_named_twice_is_taken_once_and_a_copy_is_refused(street, tmp_path):
    copy = shutil.copy(street / "drive.mp4", tmp_path / "copy.mp4")
    footage = [street / "drive.mp4", street, copy]
    report = run(footage, street / "drive.gpx", tmp_path / "out", camera=street / "camera.yaml")
    assert len(report.result.defects) == len(DAMAGES)
    (sentence,) = report.failed
    assert "copy.mp4: shows the same part of the drive" in sentence


def test_only_one_video_can_be_taken_to_begin_with_the_track(street, tmp_path):
    first = film(tmp_path / "first.mp4", 0.0, 3.0, dated=False)
    second = film(tmp_path / "second.mp4", 3.0, 6.0, dated=False)
    report = run([first], street / "drive.gpx", tmp_path / "one", camera=street / "camera.yaml")
    assert any("taken to begin with the track" in note for note in report.result.meta["notes"])
    report = run([street / "drive.mp4", first, second], street / "drive.gpx", tmp_path / "two")
    assert len(report.failed) == 2
    assert all("doesn't tell when it began" in sentence for sentence in report.failed)


def test_the_blur_of_one_drive_is_not_judged_by_another(street, tmp_path):
    smooth, rough = photos(tmp_path / "smooth", 12, 1.5), photos(tmp_path / "rough", 20, 0)
    report = run([smooth, rough], None, tmp_path / "out", camera=street / "camera.yaml")
    assert [c.frame_index for c in report.result.coverage] == list(range(len(report.result.frames)))
    assert {c.reason for c in report.result.coverage} == {""}


@pytest.mark.parametrize("sheets", ["out", ".", "out/result"])
def test_contact_sheets_never_replace_the_result(street, tmp_path, sheets):
    with pytest.raises(SettingsError, match="contact sheets"):
        run([street / "drive.mp4"], street / "drive.gpx", tmp_path / "out" / "result", sheets=tmp_path / sheets)
    assert list(tmp_path.iterdir()) == []


def test_a_result_never_replaces_its_footage(street, tmp_path):
    out = tmp_path / "out"
    run([street / "drive.mp4"], street / "drive.gpx", out, camera=street / "camera.yaml")
    inside = shutil.copy(street / "drive.mp4", out / "drive.mp4")
    with pytest.raises(SettingsError, match="lies in"):
        run([inside], street / "drive.gpx", out)
    with pytest.raises(SettingsError, match="lies in"):
        run([street / "drive.mp4"], inside, out)
    assert inside.exists()


def test_a_result_below_a_file_is_refused_before_the_long_part(street, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="not a folder"):
        run([tmp_path / "none.mp4"], street / "drive.gpx", tmp_path / "file" / "out")


def test_a_name_that_is_not_utf8_costs_only_that_file(street, tmp_path):
    bad = tmp_path / os.fsdecode(b"caf\xe9.mp4")
    shutil.copy(street / "drive.mp4", bad)
    report = run([bad, street / "drive.mp4"], street / "drive.gpx", tmp_path / "out", camera=street / "camera.yaml")
    (sentence,) = report.failed
    assert "caf\\xe9.mp4: its name is not UTF-8" in sentence
    assert len(report.result.defects) == len(DAMAGES)


def test_a_folder_that_may_not_be_read_costs_only_itself(street, tmp_path, monkeypatch):
    def refuse(folder):
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr("detector.legs.read_photo_folder", refuse)
    (tmp_path / "photos").mkdir()
    footage = [tmp_path / "photos", street / "drive.mp4"]
    report = run(footage, street / "drive.gpx", tmp_path / "out", camera=street / "camera.yaml")
    (sentence,) = report.failed
    assert "photos: can't be read (Permission denied)" in sentence
    assert len(report.result.defects) == len(DAMAGES)


def test_real_photos_are_placed_by_their_exif(shared, tmp_path):
    report = run([shared / "survey" / "photos"], None, tmp_path / "out")
    assert report.failed == []
    assert len(report.result.frames) > 10
    assert len(report.result.fixes) >= len(report.result.frames)
