"""Taking a drive out of an inventory."""

import numpy as np

from detector.errors import SettingsError
from roads.inventory import Inventory


def without(inventory: Inventory, survey_id: str) -> Inventory:
    """Leave a survey out: what it alone had seen is gone, what others saw too loses this sight of it.

    The other defects keep their ids, and no id is used again. The later surveys move up one number.

    Raises:
        SettingsError: there is no such survey.
    """
    numbers = np.flatnonzero(inventory.surveys["survey_id"] == survey_id)
    if not len(numbers):
        raise SettingsError(f"the inventory has no survey '{survey_id}'")
    gone = int(numbers[0])
    observations, passes, track = (
        kept.assign(survey=kept["survey"] - (kept["survey"] > gone)).reset_index(drop=True)
        for table in (inventory.observations, inventory.passes, inventory.track)
        for kept in (table[table["survey"] != gone],)
    )
    surveys = inventory.surveys.drop(index=gone).reset_index(drop=True)
    return Inventory(inventory.network, surveys, observations, passes, track, inventory.next_id)
