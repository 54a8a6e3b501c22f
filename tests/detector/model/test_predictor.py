import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from detector.errors import SettingsError, WeightsError
from detector.model import predictor as module
from detector.model.predictor import Predictor, choose_device
from detector.model.weights import load_weights
from detector.taxonomy import NAMES
from detector.types import Image

MakeModel = Callable[..., Path]


def grey(level: int, width: int = 128, height: int = 64) -> Image:
    return np.full((height, width, 3), level, np.uint8)


def test_a_detection_is_in_the_pictures_own_pixels(make_model: MakeModel) -> None:
    predictor = Predictor(load_weights(make_model()), device="cpu")
    (found,) = predictor.predict([grey(204)])  # 128x64 lies in 64x32 at half its size
    (detection,) = found
    assert detection.box == pytest.approx((16, 32, 80, 64))  # the lower edge is clipped
    assert detection.score == pytest.approx(0.8, abs=0.01)
    assert detection.class_id == 3


def test_dark_pictures_hold_nothing_and_the_order_is_kept(make_model: MakeModel) -> None:
    predictor = Predictor(load_weights(make_model()), device="cpu")
    pictures = [(f"picture {i}", grey(250 if i % 3 else 10, height=64 + 32 * (i % 2))) for i in range(30)]
    found = list(predictor.stream(pictures))
    assert [key for key, _ in found] == [key for key, _ in pictures]
    assert [len(detections) for _, detections in found] == [1 if i % 3 else 0 for i in range(30)]


def test_pictures_are_pulled_as_they_are_needed(make_model: MakeModel) -> None:
    predictor = Predictor(load_weights(make_model()), device="cpu")
    pulled = 0

    def pictures() -> Iterator[tuple[int, Image]]:
        nonlocal pulled
        while True:
            pulled += 1
            yield pulled, grey(200)

    next(predictor.stream(pictures()))
    assert pulled < 500  # a few for each core


def test_conf_overrides_the_shipped_threshold(make_model: MakeModel) -> None:
    weights = load_weights(make_model())
    picture = grey(128)
    assert len(Predictor(weights, "cpu").predict([picture])[0]) == 1
    assert len(Predictor(weights, "cpu", conf=0.6).predict([picture])[0]) == 0
    with pytest.raises(SettingsError, match=r"between 0 and 1, not 25"):
        Predictor(weights, "cpu", conf=25)


def test_each_class_has_its_own_threshold(make_model: MakeModel) -> None:
    low = dict.fromkeys(NAMES, 0.1)
    strict = Predictor(load_weights(make_model("strict", conf=low | {"pothole": 0.9})), "cpu")
    loose = Predictor(load_weights(make_model("loose", conf=low)), "cpu")
    assert [len(p.predict([grey(128)])[0]) for p in (strict, loose)] == [0, 1]


def test_a_second_look_larger_and_in_the_mirror(make_model: MakeModel) -> None:
    model = make_model(more_looks=[{"input_px": 128, "mirrored": True}])
    pictures = [grey(204), grey(204), grey(204, width=64), grey(10)]
    *found, nothing = Predictor(load_weights(model), "cpu").predict(pictures)
    assert nothing == []
    # The first look's box and the second's are in different places, and each was seen by one of two looks.
    assert sorted(d.box for d in found[0]) == [pytest.approx((16, 32, 80, 64)), pytest.approx((88, 16, 120, 48))]
    assert sorted(d.box for d in found[2]) == [pytest.approx((8, 16, 40, 48)), pytest.approx((44, 8, 60, 24))]
    assert found[0] == found[1]
    assert [d.score for d in found[0]] == [pytest.approx(0.4, abs=0.01)] * 2


def test_looks_that_agree_find_what_one_finds(make_model: MakeModel) -> None:
    one = Predictor(load_weights(make_model("one")), "cpu")
    two = Predictor(load_weights(make_model("two", more_looks=[{"input_px": 64}])), "cpu")
    pictures = [grey(level) for level in (40, 100, 200, 255)]
    for once, twice in zip(one.predict(pictures), two.predict(pictures), strict=True):
        assert [d.box for d in twice] == [pytest.approx(d.box) for d in once]
        assert [d.score for d in twice] == [pytest.approx(d.score, abs=1e-3) for d in once]


def test_the_network_of_another_model_looks_too(
    make_model: MakeModel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SCHOUW_WEIGHTS", str(tmp_path / "weights"))
    make_model("other", box=(40, 0, 60, 20))
    looks = [{"input_px": 64, "network": "other"}, {"input_px": 64}]
    predictor = Predictor(load_weights(make_model("both", more_looks=looks)), "cpu")
    pictures = [(n, grey(10 if n == 7 else 204, width=64 if n % 3 else 128)) for n in range(12)]
    found = list(predictor.stream(iter(pictures)))
    assert [key for key, _ in found] == list(range(12))
    assert found[7][1] == []
    own, others = found[0][1]
    assert own.box == pytest.approx((16, 32, 80, 64))
    assert own.score == pytest.approx(0.8 * 2 / 3, abs=0.01), "of three looks its own two saw it"
    assert others.box == pytest.approx((80, 0, 120, 40))
    assert others.score == pytest.approx(0.8 / 3, abs=0.01)
    assert [d.box for d in found[1][1]] == [pytest.approx((8, 16, 40, 48)), pytest.approx((40, 0, 60, 20))]


def test_a_network_that_looks_too_is_the_one_it_was_packaged_with(
    make_model: MakeModel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SCHOUW_WEIGHTS", str(tmp_path / "weights"))
    look = {"input_px": 64, "network": "other"}
    weights = load_weights(make_model("both", more_looks=[look | {"sha256": "another's"}]))
    with pytest.raises(WeightsError, match="other"):
        Predictor(weights, "cpu")
    make_model("other")
    with pytest.raises(WeightsError, match="is another model than both was packaged with"):
        Predictor(weights, "cpu")


def test_no_pictures(make_model: MakeModel) -> None:
    assert Predictor(load_weights(make_model()), "cpu").predict([]) == []


def test_a_changed_file_is_never_run(make_model: MakeModel) -> None:
    folder = make_model()
    (folder / "openvino" / "model.bin").write_bytes(b"")
    with pytest.raises(WeightsError, match="sha256"):
        Predictor(load_weights(folder), "cpu")


def test_cuda_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r"needs torch and ultralytics; run pip install 'schouw\[gpu\]'"):
        choose_device("cuda")
    assert choose_device("auto") == choose_device("cpu") == "cpu"


def test_cuda_without_a_device() -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("ultralytics")
    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(SettingsError, match="finds no CUDA device"):
        choose_device("cuda")
    assert choose_device("auto") == "cpu"


def test_the_cpu_path_never_imports_torch(make_model: MakeModel) -> None:
    program = (
        "import sys, numpy as np\n"
        "from detector.model.predictor import Predictor\n"
        "from detector.model.weights import load_weights\n"
        f"p = Predictor(load_weights({str(make_model())!r}), 'cpu')\n"
        "assert len(p.predict([np.full((64, 64, 3), 255, np.uint8)])[0]) == 1\n"
        "assert not {'torch', 'ultralytics'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
