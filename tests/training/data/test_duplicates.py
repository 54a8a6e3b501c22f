import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.errors import InputError
from detector.images import write_jpeg
from detector.types import Image
from tests.training.data.scenes import write_lying
from training.data import duplicates
from training.data.duplicates import Seen, examine, groups_of, signature, similar_pairs


def scene(seed: int, fixed: int | None = None) -> Image:
    """Blobs at random; with `fixed`, strong ones on the lower half that all such scenes share, as a bonnet is."""
    rng = np.random.default_rng(seed)
    image = cv2.resize(rng.uniform(0, 255, (12, 16, 3)), (320, 240), interpolation=cv2.INTER_CUBIC)
    if fixed is not None:
        bonnet = cv2.resize(np.random.default_rng(fixed).uniform(-400, 600, (6, 8, 3)), (320, 150))
        image[90:] = 0.4 * image[90:] + 0.6 * bonnet
    return np.clip(image, 0, 255).astype(np.uint8)


def changed(image: Image) -> Image:
    """The same picture: smaller, darker, compressed."""
    small = cv2.resize(image, (200, 140), interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", (small * 0.6).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 40])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def test_a_copy_is_found_whatever_its_size_light_and_compression() -> None:
    images = [scene(seed) for seed in range(40)] + [changed(scene(7))]
    pairs, alike = similar_pairs(np.array([signature(i) for i in images]), ["a"] * 41)
    assert pairs.tolist() == [[7, 40]]
    assert alike[0] > 0.95


@pytest.mark.parametrize("others", [0, 40])
def test_a_copy_is_found_under_another_source_whose_pictures_share_something_else(others: int) -> None:
    images = [scene(seed, fixed=99) for seed in range(40)]
    images += [scene(100 + seed, fixed=7) for seed in range(others)] + [changed(image) for image in images[:10]]
    sources = ["camera"] * 40 + ["dump"] * (others + 10)
    pairs, _ = similar_pairs(np.array([signature(i) for i in images]), sources)
    assert pairs.tolist() == [[n, 40 + others + n] for n in range(10)]


def test_what_every_picture_shows_makes_no_pair() -> None:
    signatures = np.array([signature(scene(seed, fixed=99)) for seed in range(60)])
    raw = signatures @ signatures.T
    assert np.quantile(raw[np.triu_indices(60, 1)], 0.2) > 0.5, "the scenes must share enough to test anything"
    assert len(similar_pairs(signatures, ["camera"] * 60)[0]) == 0


def test_a_source_of_nothing_but_one_view_is_all_pairs() -> None:
    noise = np.random.default_rng(0)
    images = [np.clip(scene(3) + noise.normal(0, 4, (240, 320, 3)), 0, 255).astype(np.uint8) for _ in range(35)]
    pairs, _ = similar_pairs(np.array([signature(i) for i in images]), ["parked"] * 35)
    assert len(pairs) == 35 * 34 // 2


def test_blank_pictures_are_no_pairs() -> None:
    blank = np.full((50, 60, 3), 90, np.uint8)
    assert len(similar_pairs(np.array([signature(blank)] * 3), ["a"] * 3)[0]) == 0


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    images = [scene(seed % 20) for seed in range(50)]
    signatures, sources = np.array([signature(i) for i in images]), ["a", "b"] * 25
    whole = similar_pairs(signatures, sources)[0]
    monkeypatch.setattr(duplicates, "BLOCK", 7)
    assert np.array_equal(similar_pairs(signatures, sources)[0], whole)
    assert len(whole) == 10 * 3 + 10


@given(st.integers(1, 30).flatmap(lambda n: st.tuples(st.just(n), st.lists(st.tuples(*[st.integers(0, n - 1)] * 2)))))
def test_groups_are_joined_pairs_and_nothing_else(case: tuple[int, list[tuple[int, int]]]) -> None:
    count, pairs = case
    groups = groups_of(count, np.array(pairs, np.int64).reshape(-1, 2))
    assert all(groups[a] == groups[b] for a, b in pairs)
    # A group of n pictures needs n - 1 pairs to hold together.
    assert len(set(groups.tolist())) >= count - len(pairs)
    assert set(np.unique(groups)) == set(range(len(np.unique(groups))))


def test_a_picture_that_is_stored_lying_is_seen_upright(tmp_path: Path) -> None:
    upright = scene(1)
    write_jpeg(upright, tmp_path / "upright.jpg", quality=95)
    write_lying(upright, tmp_path / "lying.jpg")
    first, second = examine([tmp_path / "upright.jpg", tmp_path / "lying.jpg"])
    assert isinstance(first, Seen)
    assert isinstance(second, Seen)
    assert (second.width, second.height) == (320, 240)
    assert first.signature @ second.signature > 0.99


def test_an_unreadable_picture_gives_its_error_and_the_others_go_on(tmp_path: Path) -> None:
    write_jpeg(scene(1), tmp_path / "a.jpg")
    (tmp_path / "b.jpg").write_bytes(b"no picture")
    paths = [tmp_path / "a.jpg", tmp_path / "b.jpg", tmp_path / "c.jpg"]
    first, second, third = examine(paths)
    assert not isinstance(first, InputError)
    assert (first.width, first.height) == (320, 240)
    assert first.sha256 == hashlib.sha256(paths[0].read_bytes()).hexdigest()
    assert isinstance(second, InputError)
    assert "b.jpg" in str(second)
    assert isinstance(third, InputError)
    assert "c.jpg" in str(third)
