"""What people said of defects, laid over what the surveys say of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a person said of a defect after looking at its picture: the last word counts."""

    there: bool  # it is damage; False: it is none
    class_id: int | None = None  # what it is, where that isn't what the model said


def accepted(defects: pd.DataFrame, verdicts: Mapping[int, Verdict]) -> pd.DataFrame:
    """Lay verdicts over DEFECTS: what was rejected is left out, the others have their class and are certain.

    A defect that a later visit did not find again keeps the probability that this gives it: the person spoke of a
    picture, not of the road since.
    """
    if not verdicts:
        return defects
    said = [verdicts.get(number) for number in defects["id"].tolist()]
    left = np.array([verdict is None or verdict.there for verdict in said], bool)
    class_id = [
        c if v is None or v.class_id is None else v.class_id
        for c, v in zip(defects["class_id"].tolist(), said, strict=True)
    ]
    sure = np.array([verdict is not None for verdict in said], bool) & (defects["missed"].to_numpy() == 0)
    judged = defects.assign(
        class_id=np.array(class_id, np.int64), probability=np.where(sure, 1.0, defects["probability"].to_numpy())
    )
    return judged[left].reset_index(drop=True)
