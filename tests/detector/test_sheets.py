import cv2
import numpy as np

from detector.scene.measure import measure
from detector.scene.tracking import track
from detector.sheets import LABEL_PX, LOOKS, ROWS, TILE_PX, write_contact_sheets
from tests.detector.street import CAMERA, Damage, boxes, drive


def test_each_defect_has_a_row_with_its_looks_in_order(tmp_path):
    frames = drive(120.0)
    damages = [Damage("pothole", 20.0 + 7 * i, 0.5 - i % 2, 0.6, 0.6) for i in range(12)]
    looks = [measure(f.index, boxes(f, damages), CAMERA).looks for f in frames]
    defects = track(frames, looks, [CAMERA] * len(frames))
    assert len(defects) == len(damages)
    asked = []

    def picture(look):
        asked.append(look)
        return np.full((90, 160, 3), 200 if look.frame_index % 2 else 60, np.uint8)

    paths = write_contact_sheets(defects, picture, tmp_path / "sheets")
    assert [p.name for p in paths] == ["sheet-0001.jpg", "sheet-0002.jpg"]
    sheet = cv2.imread(str(paths[0]))
    assert sheet.shape[0] // ROWS >= TILE_PX[1]
    assert sheet.shape[1] >= LABEL_PX + LOOKS * TILE_PX[0]
    assert sheet[: TILE_PX[1], :LABEL_PX].min() < 100  # the label
    assert asked[: len(defects[0].looks)] == list(defects[0].looks)[:LOOKS]
    assert [look.frame_index for look in defects[0].looks] == sorted(look.frame_index for look in defects[0].looks)


def test_no_defects_no_sheets(tmp_path):
    assert write_contact_sheets([], lambda look: np.zeros((1, 1, 3), np.uint8), tmp_path / "sheets") == []
    assert list((tmp_path / "sheets").iterdir()) == []
