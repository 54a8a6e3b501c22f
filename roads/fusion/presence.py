"""Sights and misses -> the probability that a defect is still there.

A two-state filter (Thrun, Burgard & Fox, Probabilistic Robotics, 2005, ch. 4.2: binary Bayes filter), survey by survey
in log-odds. A sight is false with probability 1 - score, independently of the others, so it multiplies the odds by
1 / (1 - score). A pass that should have shown the defect and didn't multiplies them by 1 - detection. Between surveys
repairs take their share. After a repair damage may come back: a sight makes it at least as probable as a first one.
"""

from dataclasses import dataclass

import numpy as np

from detector.taxonomy import CLASSES
from detector.types import Bools, Floats, Ints
from roads.fusion.groups import Groups, grouped
from roads.fusion.marks import KIND_OF, KINDS
from roads.fusion.options import HistoryOptions
from roads.fusion.place import Places
from roads.fusion.timeline import Timeline

YEAR_S = 365.25 * 86400
NEVER = -50.0  # log-odds
END_M = 0.5  # a stretch that ends this near a segment's end goes on in the next segment


@dataclass(frozen=True, slots=True)
class Presence:
    """n defects."""

    probability: Floats
    missed: Ints  # visits since it was last seen that saw the road there and not the defect
    last_covered_s: Floats
    newest_rank: Ints  # of the newest survey that covered it
    covered_before: Bools  # by a survey before the first that saw it


@dataclass(frozen=True, slots=True)
class _Visits:
    """Visits of surveys that saw the place of a defect, by defect and survey."""

    defect: Ints  # position among the defects
    rank: Ints  # of the survey
    time_s: Floats
    known_way: Bools  # driven in a direction in which it was seen
    missed: Bools


def presence(line: Timeline, places: Places, segment_m: Floats, options: HistoryOptions) -> Presence:
    """Follow each defect through the surveys that saw it or should have. `segment_m` is the length of each segment."""
    n = len(line.defects)
    rank, time_s = line.seen["rank"].to_numpy(), line.seen["time_s"].to_numpy()
    first, last = rank[line.defects.first], rank[line.defects.last]
    last_seen = line.defects.most(np.nan_to_num(time_s, nan=-np.inf))
    covered = _covering(line, places, segment_m, options)
    before = covered.rank < first[covered.defect]
    misses = covered.missed & ~before
    later = covered.rank > last[covered.defect]
    later |= (covered.rank == last[covered.defect]) & (covered.time_s > last_seen[covered.defect])
    newest, newest_s = last.copy(), last_seen.copy()
    np.maximum.at(newest, covered.defect, covered.rank)
    np.maximum.at(newest_s, covered.defect, np.nan_to_num(covered.time_s, nan=-np.inf))
    return Presence(
        _probability(line, covered, misses, misses & ~later, options),
        np.bincount(covered.defect[misses & later], minlength=n),
        np.where(np.isinf(newest_s), np.nan, newest_s),
        newest,
        np.bincount(covered.defect[before], minlength=n) > 0,
    )


def _covering(line: Timeline, places: Places, segment_m: Floats, options: HistoryOptions) -> _Visits:
    """Find the visits whose usable stretches hold a defect's place with a margin for its doubt."""
    passes = {name: line.passes[name].to_numpy() for name in line.passes.columns}
    start = np.searchsorted(passes["segment"], places.segment)
    count = np.searchsorted(passes["segment"], places.segment, "right") - start
    count[places.segment < 0] = 0
    defect = np.repeat(np.arange(len(count)), count)
    row = np.arange(len(defect)) - np.repeat(np.cumsum(count) - count, count) + start[defect]
    margin = options.margin_sigma * places.sigma_m[defect]
    offset, length = places.offset_m[defect], segment_m[places.segment[defect]]
    low, high = passes["from_m"][row], passes["to_m"][row]
    holds = ((offset - margin >= low) | (low <= END_M)) & ((offset + margin <= high) | (high >= length - END_M))
    holds &= (offset >= low - END_M) & (offset <= high + END_M)
    defect, row = defect[holds], row[holds]
    rank, visit = passes["rank"][row], passes["visit"][row]
    groups = grouped(defect, rank, visit)  # passes are sorted by rank and visit within a segment
    defect, row = defect[groups.first], row[groups.first]
    rank, visit = rank[groups.first], visit[groups.first]
    forward = passes["forward"][row]
    missed = _missed(line, places, defect, rank, visit)
    return _Visits(defect, rank, passes["time_s"][row], _known_way(line, places, defect, forward), missed)


def _missed(line: Timeline, places: Places, defect: Ints, rank: Ints, visit: Ints) -> Bools:
    """Whether a visit that covered the defect has no sight of it.

    Visits are counted per segment, so a sight that lies just over the segment's end can't be told by its visit: it
    takes the place of the first visit of its survey that has none.
    """
    seen, of = line.seen, line.defects.of
    here = seen["segment"].to_numpy() == places.segment[of]
    keys = np.array([rank.max(initial=0), seen["rank"].max(), visit.max(initial=0), seen["visit"].max()]) + 1
    surveys, visits = int(keys[:2].max()), int(keys[2:].max())
    survey_key = defect * surveys + rank
    seen_survey = of * surveys + seen["rank"].to_numpy()
    seen_visit = seen_survey * visits + seen["visit"].to_numpy()
    missed = ~np.isin(survey_key * visits + visit, seen_visit[here])
    elsewhere, spare = np.unique(seen_survey[line.visits.first][~here[line.visits.first]], return_counts=True)
    if len(elsewhere):
        rows = np.flatnonzero(missed)
        groups = grouped(survey_key[rows])
        nth = np.arange(len(rows)) - groups.first[groups.of]
        at = np.minimum(np.searchsorted(elsewhere, survey_key[rows]), len(elsewhere) - 1)
        missed[rows[(elsewhere[at] == survey_key[rows]) & (nth < spare[at])]] = False
    return missed


def _known_way(line: Timeline, places: Places, defect: Ints, forward: Bools) -> Bools:
    """Whether each visit was driven in a direction in which the defect was seen on its segment."""
    here = line.seen["segment"].to_numpy() == places.segment[line.defects.of]
    seen_forward = line.seen["forward"].to_numpy()
    ways = [line.defects.total(here & (seen_forward == way)) > 0 for way in (False, True)]
    return np.where(forward, ways[1][defect], ways[0][defect])


def _probability(line: Timeline, covered: _Visits, misses: Bools, between: Bools, options: HistoryOptions) -> Floats:
    n, visits, surveys = len(line.defects), line.visits, line.surveys
    score = np.clip(visits.most(line.seen["score"].to_numpy()), 0.01, options.most_sure)
    of_visit = line.of_defect(visits)
    detection = _detection(line, of_visit.mean(score, np.ones(len(score))), covered.defect[between], options)
    chance = detection[covered.defect] * np.where(covered.known_way, 1.0, options.other_way)
    # One event for each survey that saw the defect or should have.
    sight = -np.log1p(-score)
    of_survey = grouped(surveys.of[visits.first])
    gain, first_score = of_survey.total(sight), score[of_survey.first]
    defect = np.concatenate([line.of_defect(surveys).of, covered.defect[misses]])
    rank = np.concatenate([line.seen["rank"].to_numpy()[surveys.first], covered.rank[misses]])
    time_s = np.concatenate([surveys.most(line.seen["time_s"].to_numpy()), covered.time_s[misses]])
    change = np.concatenate([gain, np.log1p(-chance[misses])])
    afresh = np.concatenate([np.log(first_score), np.full(int(misses.sum()), NEVER)])
    order = np.lexsort((afresh, rank, defect))
    events = grouped(defect[order], rank[order])
    return _filter(
        grouped(defect[order][events.first]),
        events.total(change[order]),
        events.most(afresh[order]),
        events.most(time_s[order]),
        line.now_s,
        np.array([options.repairs[kind] for kind in KINDS])[KIND_OF[line.class_id]] if n else np.zeros(0),
    )


def _detection(line: Timeline, score: Floats, between: Ints, options: HistoryOptions) -> Floats:
    """How often a pass finds each defect: its kind's figure by its score, corrected by its own record.

    The first sight is no evidence, as without it there would be no defect; misses after the last are what is asked.
    """
    n = len(line.defects)
    kind = np.array([options.detection[CLASSES[c].kind] for c in range(len(CLASSES))])[line.class_id]
    expected = np.clip(kind * (1 + 2 * options.score_weight * (score - 0.5)), *options.detection_range)
    hits = np.bincount(line.of_defect(line.visits).of, minlength=n) - 1
    record = hits + np.bincount(between, minlength=n)
    return np.clip((options.record * expected + hits) / (options.record + record), *options.detection_range)


def _filter(events: Groups, change: Floats, afresh: Floats, time_s: Floats, now_s: float, repairs: Floats) -> Floats:
    """Carry each defect's log-odds from event to event, all defects side by side; the probability at `now_s`.

    The first event of each is a sight.
    """
    count = np.diff(events.first, append=len(change))
    logit = np.full(len(events), NEVER)
    then = time_s[events.first]
    for k in range(int(count.max(initial=0))):
        mine = np.flatnonzero(count > k)
        row = events.first[mine] + k
        left = _decayed(logit[mine], time_s[row] - then[mine], repairs[mine])
        logit[mine] = np.maximum(left, afresh[row]) + change[row]
        then[mine] = time_s[row]
    return _probabilities(_decayed(logit, now_s - then, repairs))


def _decayed(logit: Floats, elapsed_s: Floats, repairs: Floats) -> Floats:
    """After repairs, at a rate per year, for so long; an unknown time is none."""
    years = np.maximum(np.nan_to_num(elapsed_s), 0.0) / YEAR_S
    p = _probabilities(logit) * np.exp(-repairs * years)
    return np.log(p) - np.log1p(-np.minimum(p, 1 - 1e-12))


def _probabilities(logit: Floats) -> Floats:
    p: Floats = 1 / (1 + np.exp(-np.clip(logit, NEVER, -NEVER)))
    return p
