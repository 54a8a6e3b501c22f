"""The settings of a server, from environment variables with the prefix `SCHOUW_` or a file `.env`."""

import hashlib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from detector.errors import SettingsError

GIB = 1 << 30
MAX_NUMBER = (1 << 53) - 1  # of ids and lengths: up to here every reader of JSON has whole numbers exactly
TEXT = r"^[^\x00]*$"  # of a text that may reach the database: PostgreSQL takes no NUL
Role = Literal["reader", "editor", "admin"]
PDOK = "https://service.pdok.nl/brt/achtergrondkaart/wmts/v2_0/grijs/EPSG:3857/{z}/{x}/{y}.png"


class Token(BaseModel):
    """A machine's key: only its SHA-256 is kept."""

    model_config = ConfigDict(extra="forbid")

    sha256: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
    role: Role = "editor"


class Limits(BaseModel):
    """What a caller may ask at once. An error names the limit that was passed."""

    model_config = ConfigDict(extra="forbid")

    upload_bytes: int = Field(default=64 * GIB, gt=0, description="largest file")
    survey_files: int = Field(default=2_000, gt=0, description="files of one survey")
    zip_files: int = Field(default=20_000, gt=0, description="files in a zip of photos")
    zip_bytes: int = Field(default=64 * GIB, gt=0, description="size of a zip's contents")
    footage_s: float = Field(default=12 * 3600, gt=0, description="longest video, s")
    picture_px: int = Field(default=100_000_000, gt=0, description="pixels of one picture")
    page: int = Field(default=10_000, gt=0, description="features in one answer")
    match_points: int = Field(default=50_000, gt=0, description="fixes and detections in one request")
    body_bytes: int = Field(default=32 << 20, gt=0, description="size of a request that is no upload")
    history_days: int = Field(default=200, gt=0, description="moments in one segment's history")


class Settings(BaseSettings):
    """Settings of `schouw serve` and `schouw worker`; every process of one server has the same."""

    model_config = SettingsConfigDict(
        env_prefix="SCHOUW_", env_file=".env", env_nested_delimiter="__", extra="ignore", frozen=True
    )

    home: Path = Field(default=Path("schouw-server"), description="folder for what is kept on this machine")
    database_url: str | None = Field(default=None, description="postgresql://...; none: SQLite in `home`")
    storage_url: str | None = Field(default=None, description="s3://bucket/prefix, file:///folder; none: `home`/files")
    title: str = Field(default="Schouw", description="name of the server, above the web app")
    public_url: str | None = Field(default=None, description="how the outside reaches the server, behind a proxy")
    basemap: str = Field(default=PDOK, description="address of raster tiles with {z}/{x}/{y}; empty: none")
    basemap_credit: str = Field(default="Kaartgegevens © Kadaster", description="attribution of the basemap")
    workers: int = Field(default=1, ge=0, description="workers inside `schouw serve`; 0: only `schouw worker`s")
    weights: str | None = Field(default=None, description="name or folder of the model; none: the shipped one")
    device: Literal["auto", "cpu", "cuda"] = "auto"
    upload_hours: float = Field(default=7 * 24, gt=0, description="an upload that rests this long is removed")
    keep_footage_days: float = Field(default=28, ge=0, description="footage is removed so long after its survey ended")
    user_header: str | None = Field(default=None, description="header in which the reverse proxy names the person")
    admins: tuple[str, ...] = Field(default=(), description="persons (as the proxy names them) who may remove things")
    readers: tuple[str, ...] = Field(default=(), description="persons who may only look")
    tokens: dict[str, Token] = Field(default={}, description="keys of machines: name -> {sha256, role}")
    limits: Limits = Limits()

    @property
    def database(self) -> str:
        """The database's address, with the driver that is used."""
        url = self.database_url or f"sqlite:///{(self.home / 'schouw.db').resolve()}"
        return url.replace("postgresql://", "postgresql+psycopg://", 1).replace(
            "postgres://", "postgresql+psycopg://", 1
        )

    @property
    def storage(self) -> str:
        """The address of the file storage."""
        return self.storage_url or (self.home / "files").resolve().as_uri()

    @property
    def is_open(self) -> bool:
        """Whether anyone who reaches the server may do everything."""
        return self.user_header is None and not self.tokens


def read_settings(**given: object) -> Settings:
    """Read the environment; `given` goes before it.

    Raises:
        SettingsError: a setting has an impossible value.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = "SCHOUW_" + "__".join(str(part).upper() for part in first["loc"])
        raise SettingsError(f"{name}: {first['msg']}; see docs/server.md") from error


def digest(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
