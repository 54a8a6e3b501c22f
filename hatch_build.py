"""The wheel holds the web app, which npm builds. Without npm it is made without, and the server says so at /."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

WEB = Path("api/web")
BUILT = WEB / "dist"
NO_NPM = (
    "the web app is left out: npm isn't installed. Install Node.js 20.19 or newer with npm (https://nodejs.org) and "
    "build again; everything but the web app works without."
)
FAILED = "the web app can't be built: `npm {}` failed in api/web (see above); SCHOUW_WEB=no makes the wheel without."


class WebBuildHook(BuildHookInterface[Any]):
    """Runs before each build; an editable install takes what `make web` built."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the web app and put it in the package."""
        if version == "editable" or os.environ.get("SCHOUW_WEB") == "no":
            return
        root = Path(self.root)
        from_sdist = (root / "PKG-INFO").is_file() and (root / BUILT).is_dir()
        if not from_sdist and not self._build(root):
            return
        build_data["force_include"][str(root / BUILT)] = str(BUILT)

    def _build(self, root: Path) -> bool:
        npm = shutil.which("npm")
        if npm is None:
            self.app.display_warning(NO_NPM)
            return False
        for arguments in (["ci"], ["run", "build"]):
            if subprocess.run([npm, *arguments], cwd=root / WEB, check=False).returncode:
                raise RuntimeError(FAILED.format(" ".join(arguments)))
        return True
