"""Geometry that a format can't hold travels beside what it can, and is dropped when somebody moved the damage since.

A box in CVAT, say, carries its exact outline as an attribute. When the box comes back elsewhere, the outline is stale.
To tell, the bounds that the format's own shape had when the rest was written go along under `DRAWN`.
"""

from typing import Any

from training.data.record import DRAWN, Annotation, PixelBox, extras

GEOMETRY = {"box", "outline", "mask"}
MOVED_PX = 0.02  # CVAT keeps two decimals


def carry(a: Annotation, native: set[str], bounds: PixelBox) -> dict[str, Any]:
    """What the format has no place for, as JSON values; with the bounds of its own shape where geometry is among it."""
    fields = extras(a, native)
    return {**fields, DRAWN: list(bounds)} if GEOMETRY & fields.keys() else fields


def restore(own: dict[str, Any], carried: dict[str, Any], bounds: PixelBox) -> tuple[dict[str, Any], bool]:
    """Put together what the format says and what it carried. Returns the fields, and whether the shape was moved."""
    carried = dict(carried)
    drawn = carried.pop(DRAWN, None)
    moved = drawn is not None and any(abs(a - b) > MOVED_PX for a, b in zip(drawn, bounds, strict=True))
    if moved:
        carried = {key: value for key, value in carried.items() if key not in GEOMETRY}
    attributes = {**own.get("attributes", {}), **carried.get("attributes", {})}
    return {**own, **carried, **({"attributes": attributes} if attributes else {})}, moved
