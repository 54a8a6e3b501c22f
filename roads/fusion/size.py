"""All sights of a defect -> its size now, and whether it has grown.

Sights of one survey share the camera's error, so a survey counts once. The size is the mean of the newest survey and of
those that agree with it. Growth is the slope of the log amount over time, by weighted least squares over the surveys: a
single poor box at either end then weighs less than in the ratio of the two ends, with which it agrees for two surveys.
"""

from dataclasses import dataclass

import numpy as np

from detector.types import Floats
from roads.fusion.groups import Groups
from roads.fusion.marks import amount_sigmas, amounts
from roads.fusion.options import HistoryOptions
from roads.fusion.timeline import Timeline

AGREE_SIGMA = 2.0


@dataclass(frozen=True, slots=True)
class Sizes:
    """n defects."""

    length_m: Floats
    width_m: Floats
    area_m2: Floats
    sigma: Floats  # 1 sigma of length and width, as a fraction of them
    growth: Floats  # relative change of the amount from the first survey that saw it to the last; nan for one survey
    growth_sigma: Floats  # growth / growth_sigma is what the log of the growth is in sigmas


def sizes(line: Timeline, options: HistoryOptions) -> Sizes:
    """Fuse the sizes of each defect's sights."""
    visits, surveys = line.visits, line.surveys
    at = {name: line.seen[name].to_numpy() for name in ("length_m", "width_m", "area_m2", "size_sigma")}
    of_survey = Groups(np.searchsorted(visits.first, surveys.first), surveys.of[visits.first])
    one = np.ones(len(visits))
    # Several sights in one visit are the parts of one long damage.
    length, area = (of_survey.mean(visits.total(at[name]), one) for name in ("length_m", "area_m2"))
    width = of_survey.mean(visits.most(at["width_m"]), one)
    sigma = np.sqrt(of_survey.mean(visits.mean(at["size_sigma"] ** 2, np.ones(len(line.seen))), one))
    defects = line.of_defect(surveys)
    class_id = line.class_id[defects.of]
    amount = np.log(amounts(class_id, length, width, area))
    amount_sigma = np.maximum(amount_sigmas(class_id, sigma, options.box), 0.01)
    newest = defects.last[defects.of]
    agree = np.abs(amount - amount[newest]) <= AGREE_SIGMA * np.hypot(amount_sigma, amount_sigma[newest])
    weight = agree / amount_sigma**2
    fused = np.sqrt(defects.total(weight**2 * sigma**2)) / defects.total(weight)
    growth, growth_sigma = _growth(line, defects, amount, amount_sigma)
    return Sizes(
        defects.mean(length, weight),
        defects.mean(width, weight),
        defects.mean(area, weight),
        np.maximum(fused, np.minimum(sigma[defects.last], options.camera)),
        growth,
        growth_sigma,
    )


def _growth(line: Timeline, defects: Groups, amount: Floats, sigma: Floats) -> tuple[Floats, Floats]:
    rank = line.seen["rank"].to_numpy()[line.surveys.first].astype(float)
    time = line.surveys.mean(line.seen["time_s"].to_numpy(), np.ones(len(line.seen)))
    # Without a clock, surveys are taken to lie equally far apart.
    timeless = np.isnan(defects.total(time))[defects.of]
    time = np.where(timeless, rank, time)
    time -= time[defects.first][defects.of]
    weight = 1 / sigma**2
    centred = time - defects.mean(time, weight)[defects.of]
    spread = defects.total(weight * centred**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = defects.total(weight * centred * amount) / spread
        span = time[defects.last]
        change, change_sigma = slope * span, span / np.sqrt(spread)
        growth = np.expm1(change)
        doubt = np.where(np.abs(change) > 1e-6, change_sigma * growth / change, change_sigma)
    known = (spread > 0) & (span > 0)
    return np.where(known, growth, np.nan), np.where(known, doubt, np.nan)
