"""The result of a run, blended with the weights that it started from.

A model that goes on learning gets better at its new pictures and forgets some of what held elsewhere. Halfway between
before and after it often does better on roads of neither than at either end: Wortsman et al. (2022), arXiv:2109.01903.
"""

from pathlib import Path

import torch
from torch import Tensor, nn
from ultralytics.nn.tasks import load_checkpoint
from ultralytics.utils.torch_utils import intersect_dicts

from detector.errors import InputError
from detector.files import atomic_path


def blend(checkpoint: Path, start: Path, start_share: float) -> None:
    """Mix `start_share` (0..1) of the start weights into a finished checkpoint, in place.

    Raises InputError when the two are not the same network.
    """
    content = torch.load(checkpoint, map_location="cpu", weights_only=False)
    model = content["model"].float()
    earlier = numbers_of(start, model)
    for key, after in model.state_dict().items():
        if after.is_floating_point():
            after.lerp_(earlier[key], start_share)
    content["model"] = model.half()
    with atomic_path(checkpoint) as target:
        torch.save(content, target)


def numbers_of(start: Path, model: nn.Module) -> dict[str, Tensor]:
    """The numbers of start weights, by name. Raises InputError when they don't fit the model one by one."""
    wanted = model.state_dict()
    numbers: dict[str, Tensor] = intersect_dicts(load_checkpoint(start)[0].state_dict(), wanted)
    if len(numbers) < len(wanted):
        raise InputError(start, "is another network than the one to be trained; no share of it can stay in the result",
                         "set start_share to 0")  # fmt: skip
    return numbers
