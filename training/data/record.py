"""What a dataset keeps of one picture: where it lies, what was looked for in it, and every label as it was given.

A record loses nothing that an annotation tool knows. What training makes of it (agreement between passes, regions in
doubt) is decided when it is read: see `training.data.truth`.
"""

import json
from collections.abc import Collection, Iterable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator, model_validator

from detector.taxonomy import NAMES

IGNORE = "ignore"  # the label of a region that says nothing about the classes in `maybe`
DRAWN = "drawn"  # carried with geometry that a format can't hold: see `formats.carry`
DECIMALS = 6  # coordinates are kept to a millionth of a pixel

PixelBox = tuple[float, float, float, float]  # x0, y0, x1, y1 in pixels
Ring = tuple[tuple[float, float], ...]  # corners x, y in pixels


class Mask(BaseModel):
    """The exact pixels of a damage as a COCO run-length code; its own size, which may differ from the picture's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: tuple[int, int]  # height, width
    counts: str


class Annotation(BaseModel):
    """One labelled damage."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    label: str
    box: PixelBox
    outline: tuple[Ring, ...] = ()  # rings, filled by the even-odd rule: a ring inside another is a hole
    mask: Mask | None = None
    severity: Literal["L", "M", "E"] | None = None  # light, moderate, severe (CROW: licht, matig, ernstig)
    confidence: int | None = Field(default=None, ge=1, le=3)  # 1 doubtful, 2 probable, 3 sure
    annotator: str | None = None
    occluded: bool = False
    truncated: bool = False
    difficult: bool = False  # VOC's word for "don't count it"; COCO calls it a crowd
    maybe: tuple[str, ...] = ()  # classes that it may be instead: neither their presence nor absence is known here
    score: float | None = Field(default=None, ge=0, le=1)  # of the model that drew it
    track: str | None = None  # the same damage in several frames of one video
    interpolated: bool = False  # between two frames in which a person drew it
    attributes: dict[str, str] = {}  # whatever else the source said

    @field_validator("annotator", "track")
    @classmethod
    def _text(cls, text: str | None) -> str | None:
        return one_line(text or "") or None

    @field_validator("attributes")
    @classmethod
    def _texts(cls, given: dict[str, str]) -> dict[str, str]:
        """An attribute without a value is not set: tools write all that a label may have."""
        texts = {one_line(key): one_line(text) for key, text in given.items()}
        return {key: text for key, text in texts.items() if key and text}

    @field_validator("box")
    @classmethod
    def _rounded_box(cls, box: PixelBox) -> PixelBox:
        x0, y0, x1, y1 = (round(value, DECIMALS) + 0.0 for value in box)
        return x0, y0, x1, y1

    @field_validator("outline")
    @classmethod
    def _rounded_outline(cls, rings: tuple[Ring, ...]) -> tuple[Ring, ...]:
        if any(len(ring) < 3 for ring in rings):
            raise ValueError("an outline needs three corners")
        return tuple(tuple((round(x, DECIMALS) + 0.0, round(y, DECIMALS) + 0.0) for x, y in ring) for ring in rings)

    @field_validator("maybe")
    @classmethod
    def _ours(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return check_classes(names)


class Picture(BaseModel):
    """One picture and everything that is known about it."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: str  # of a file, without folders; unique in the dataset
    path: str  # relative to the dataset's folder, or absolute; forward slashes
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    sha256: str = ""  # of the file; empty where it was not worked out
    source: str  # key of the dataset's sources
    split: Literal["train", "val", "test"] | None = None
    group: str | None = None  # road, drive or place: pictures of one group show the same things
    looked_for: tuple[str, ...] = ()  # classes whose absence means "there is none"; empty for an unlabelled picture
    passes: dict[str, tuple[str, ...]] = {}  # class: the annotators who each searched the whole picture for it
    lon: float | None = None  # WGS84, degrees
    lat: float | None = None
    annotations: tuple[Annotation, ...] = ()

    @field_validator("name", "source")
    @classmethod
    def _name(cls, text: str) -> str:
        if not one_line(text):
            raise ValueError("is empty")
        return one_line(text)

    @field_validator("name")
    @classmethod
    def _no_path(cls, text: str) -> str:
        if "/" in text or "\\" in text or text in (".", ".."):  # it would be written elsewhere
            raise ValueError(f"'{text}' is not the name of a file")
        return text

    @field_validator("group")
    @classmethod
    def _text(cls, text: str | None) -> str | None:
        return one_line(text or "") or None

    @field_validator("looked_for")
    @classmethod
    def _ordered(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted(set(check_classes(names)), key=NAMES.index))

    @model_validator(mode="after")
    def _labels_are_ours(self) -> "Picture":
        check_classes(a.label for a in self.annotations if a.label != IGNORE)
        return self


def one_line(text: str) -> str:
    """The printable part of a text: what every format can hold."""
    return "".join(c if c.isprintable() else " " for c in text).strip()


def check_classes(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names. Raises ValueError naming those that are no damage class."""
    names = tuple(names)
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        raise ValueError(f"unknown damage class {', '.join(unknown)}; known are {', '.join(NAMES)}")
    return names


def first_fault(problem: Exception) -> str:
    """The first thing that a record's check found wrong, on one line: pydantic's own text has several for each."""
    if not isinstance(problem, ValidationError):
        return str(problem)
    first = problem.errors()[0]
    return ": ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"])))


def extras(record: BaseModel, native: set[str]) -> dict[str, Any]:
    """Fields that a format has no place of its own for (all but `native`) and that hold something, as JSON values.

    A picture's `looked_for` is always among them: without it, an unlabelled one would come back as free of damage.
    """
    fields = record.model_dump(mode="json", exclude=native, exclude_defaults=True)
    return fields | {"looked_for": list(record.looked_for)} if isinstance(record, Picture) else fields


def as_texts(values: dict[str, Any]) -> dict[str, str]:
    """The same for formats whose attributes are text: strings as they are, anything else as JSON."""
    own = dict(values)
    more = own.pop("attributes", {})
    return {**more, **{key: value if isinstance(value, str) else json.dumps(value) for key, value in own.items()}}


def from_texts(model: type[BaseModel], texts: dict[str, str], taken: Collection[str] = ()) -> dict[str, Any]:
    """Undo `as_texts`: fields of `model` get their types back, the rest becomes `attributes`.

    Empty texts mean "not set". A text that doesn't fit the field of its name, or whose field is `taken` by what the
    format itself says, is somebody else's attribute.
    """
    fields: dict[str, Any] = {}
    attributes: dict[str, str] = {}
    for key, text in texts.items():
        kind = None if key in taken else _kind(model, key)
        if kind is None:
            attributes[key] = text
        elif text:
            try:
                fields[key] = TypeAdapter(kind).validate_python(_value(kind, text))
            except (ValidationError, ValueError):
                attributes[key] = text
    return {**fields, **({"attributes": attributes} if attributes else {})}


def _kind(model: type[BaseModel], key: str) -> Any:
    """The type of the field of that name; None where there is none."""
    if key == DRAWN:
        return PixelBox
    field = model.model_fields.get(key)
    return None if field is None or key == "attributes" else field.rebuild_annotation()


def _value(kind: Any, text: str) -> Any:
    is_text = kind is str or kind == (str | None) or "Literal" in str(kind)
    return text if is_text else json.loads(text)
