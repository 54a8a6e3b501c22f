"""The folders that a survey writes: refused before the long part where writing them would remove or miss something."""

import os
from collections.abc import Sequence
from pathlib import Path

from detector.errors import InputError, SettingsError
from detector.footage.names import as_text
from detector.results import RESULT


def check_paths(inputs: Sequence[Path | None], camera: Path | None, out: Path, sheets: Path | None) -> None:
    """Check what a survey reads (footage, track and camera profile) and writes (result and contact sheets).

    Raises InputError for a folder that can't be made or holds something else, or a name that a result can't hold;
    SettingsError for a folder that would replace an input or the result.
    """
    _check_result(out, [path for path in (*inputs, camera) if path])
    if sheets:
        _check_sheets(sheets, out)
    for path in filter(None, (camera, sheets)):
        if (shown := as_text(path)) != str(path):
            raise InputError(shown, "its name is not UTF-8", "rename it")


def _check_result(out: Path, inputs: Sequence[Path]) -> None:
    RESULT.check_replaceable(out)
    _check_parent(out)
    for path in inputs:
        if path.resolve().is_relative_to(out.resolve()):
            raise SettingsError(f"{path} lies in {out}, which the new result replaces; choose another folder for it")


def _check_sheets(sheets: Path, out: Path) -> None:
    if sheets.exists() and (not sheets.is_dir() or any(sheets.iterdir())):
        raise InputError(sheets, "is not an empty folder", "choose another folder for the contact sheets")
    _check_parent(sheets)
    if out.resolve().is_relative_to(sheets.resolve()):
        raise SettingsError(
            f"the contact sheets in {sheets} would replace the result in {out}; choose another folder for them"
        )


def _check_parent(folder: Path) -> None:
    """Refuse a folder that can't be made where it is to be."""
    parent = next(path for path in folder.resolve().parents if path.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise InputError(parent, "is not a folder that can be written to", "choose another folder")
