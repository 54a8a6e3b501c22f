"""The first schema: what people and machines did, and the map.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

from api.store import spatial

revision, down_revision, branch_labels, depends_on = "0001", None, None, None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # SQLite counts only in a column of type INTEGER
TYPES = {"text": sa.Text, "int": sa.BigInteger, "float": sa.Double, "bool": sa.Boolean, "json": sa.JSON}

# Tables of the map: their columns between `row` and, of a layer, the geometry; and those with an index.
MAP: dict[str, tuple[str, str]] = {
    "map_coverage": (
        """
        segment_id:text name:text direction:text from_m:float to_m:float usable:bool reason:text survey_id:text
        visit:int utc:text
    """,
        "segment_id usable survey_id utc",
    ),
    "map_defects": (
        """
        id:int class:text kind:text name_nl:text name_en:text segment_id:text offset_m:float side:text
        lane_position:text from_line_m:float length_m:float width_m:float area_m2:float size_sigma:float
        place_sigma_m:float score:float probability:float state:text growth:float sights:int looks:int missed:int
        first_seen:text last_seen:text picture:text survey_id:text source:text media_time_s:float utc:text lon:float
        lat:float reason:text review:text reviewed_by:text reviewed:text
    """,
        "id class kind segment_id probability state first_seen last_seen survey_id review",
    ),
    "map_observations": (
        """
        survey:int number:int defect:int class_id:int segment:int visit:int forward:bool x_m:float y_m:float
        sigma_m:float heading_deg:float offset_m:float from_line_m:float left_m:float length_m:float width_m:float
        area_m2:float size_sigma:float score:float looks:int time_s:float source:text media_time_s:float reason:text
        shift_x_m:float shift_y_m:float
    """,
        "defect segment",
    ),
    "map_passes": (
        """
        survey:int segment:int visit:int forward:bool from_m:float to_m:float usable:bool reason:text time_s:float
    """,
        "segment",
    ),
    "map_segments": (
        """
        segment_id:text parent_id:text from_m:float to_m:float name:text length_m:float covered_m:float
        coverage:float seen_m:float visits:int last_surveyed:text status:text score:float score_low:float
        score_high:float grade:text grade_nl:text confidence:float cracking_severity:text cracking_extent:int
        cracking_percent:float potholes_severity:text potholes_extent:int potholes_percent:float
        ravelling_severity:text ravelling_extent:int ravelling_percent:float pci:float pci_low:float pci_high:float
        pci_rating:text plan:text plan_nl:text reasons:text note:text longitudinal_crack_n:int
        longitudinal_crack_length_m:float transverse_crack_n:int transverse_crack_length_m:float
        alligator_crack_n:int alligator_crack_area_m2:float pothole_n:int pothole_area_m2:float ravelling_n:int
        ravelling_area_m2:float table:text priority:int job:int job_m:float why:text why_nl:text
    """,
        "segment_id name last_surveyed status score grade plan priority",
    ),
    "map_surveys": (
        """
        survey_id:text name:text from_utc:text to_utc:text driven_m:float frames:int unusable:int unmatched:int
        defects:int
    """,
        "survey_id from_utc",
    ),
}
FRAMES = ("map_observations", "map_passes")


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "surveys",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("created_s", sa.Double, nullable=False),
        sa.Column("changed_s", sa.Double, nullable=False),
        sa.Column("options", sa.JSON, nullable=False),
        sa.Column("findings", sa.JSON, nullable=False),
        sa.Column("error", sa.Text, nullable=True),
        sa.Column("content", sa.String(64), unique=True, nullable=True),
        sa.Column("duplicate_of", sa.String(32), nullable=True),
        sa.Column("summary", sa.JSON, nullable=True),
        sa.Column("survey_id", sa.String(32), nullable=True),
        sa.Column("result_key", sa.Text, nullable=True),
        sa.Column("on_map", sa.BigInteger, nullable=True),
        sa.Column("ended_s", sa.Double, nullable=True),
    )
    op.create_index("ix_surveys_created_s", "surveys", ["created_s"])
    op.create_index("ix_surveys_state", "surveys", ["state"])
    op.create_index("ix_surveys_survey_id", "surveys", ["survey_id"])
    op.create_table(
        "files",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("survey", sa.String(32), sa.ForeignKey("surveys.id", ondelete="CASCADE"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("received", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=True),
        sa.Column("key", sa.Text, nullable=True),
        sa.Column("created_s", sa.Double, nullable=False),
        sa.Column("expires_s", sa.Double, nullable=True),
        sa.Column("extra", sa.JSON, nullable=False),
    )
    op.create_index("ix_files_expires_s", "files", ["expires_s"])
    op.create_index("ix_files_sha256", "files", ["sha256"])
    op.create_index("ix_files_state", "files", ["state"])
    op.create_index("ix_files_survey", "files", ["survey"])
    op.create_table(
        "jobs",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("payload", sa.JSON, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("lane", sa.String(40), nullable=True),
        sa.Column("key", sa.String(100), nullable=True),
        sa.Column("survey", sa.String(32), nullable=True),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("attempt", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.BigInteger, nullable=False),
        sa.Column("created_s", sa.Double, nullable=False),
        sa.Column("due_s", sa.Double, nullable=False),
        sa.Column("started_s", sa.Double, nullable=True),
        sa.Column("ended_s", sa.Double, nullable=True),
        sa.Column("changed", sa.BigInteger, nullable=False),
        sa.Column("worker", sa.String(100), nullable=True),
        sa.Column("lease_s", sa.Double, nullable=True),
        sa.Column("stop", sa.Boolean, nullable=False),
        sa.Column("stage", sa.Text, nullable=True),
        sa.Column("stage_s", sa.Double, nullable=True),
        sa.Column("done", sa.BigInteger, nullable=True),
        sa.Column("total", sa.BigInteger, nullable=True),
        sa.Column("error", sa.Text, nullable=True),
        sa.Column("trace", sa.Text, nullable=True),
        sa.Column("result", sa.JSON, nullable=True),
    )
    op.create_index("ix_jobs_changed", "jobs", ["changed"])
    op.create_index("ix_jobs_state", "jobs", ["state"])
    op.create_index("ix_jobs_survey", "jobs", ["survey"])
    op.create_table(
        "reviews",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("defect", sa.BigInteger, nullable=False),
        sa.Column("decision", sa.String(10), nullable=False),
        sa.Column("class_name", sa.String(40), nullable=True),
        sa.Column("note", sa.Text, nullable=True),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("at_s", sa.Double, nullable=False),
        sa.Column("snapshot", sa.JSON, nullable=False),
    )
    op.create_index("ix_reviews_defect", "reviews", ["defect"])
    op.create_table(
        "exports",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("format", sa.String(20), nullable=False),
        sa.Column("lang", sa.String(2), nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("changes", sa.BigInteger, nullable=False),
        sa.Column("job", NUMBER, sa.ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("created_s", sa.Double, nullable=False),
        sa.Column("name", sa.Text, nullable=True),
        sa.Column("key", sa.Text, nullable=True),
        sa.Column("bytes", sa.BigInteger, nullable=True),
    )
    op.create_table(
        "map_state",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("changes", sa.BigInteger, nullable=False),
        sa.Column("inventory_key", sa.Text, nullable=False),
        sa.Column("published_s", sa.Double, nullable=False),
        sa.Column("crs", sa.Text, nullable=False),
        sa.Column("bbox", sa.JSON, nullable=False),
        sa.Column("summary", sa.JSON, nullable=False),
        sa.Column("table", sa.Text, nullable=False),
    )
    op.create_table(
        "map_near_tiles",
        sa.Column("layer", sa.String(20), primary_key=True),
        *(sa.Column(name, sa.Integer, primary_key=True, autoincrement=False) for name in ("zoom", "x", "y")),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "map_far_tiles",
        *(sa.Column(name, sa.Integer, primary_key=True, autoincrement=False) for name in ("zoom", "x", "y")),
        sa.Column("version", sa.String(40), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    waiting = sa.text("state = 'queued'")
    op.create_index("uq_jobs_waiting_key", "jobs", ["key"], unique=True, sqlite_where=waiting, postgresql_where=waiting)
    for name, (columns, indexed) in MAP.items():
        _make(name, columns, indexed.split())
    spatial.create(op.get_bind())


def _make(name: str, columns: str, indexed: list[str]) -> None:
    """Make a table of the map."""
    described = [column.split(":") for column in columns.split()]
    op.create_table(
        name,
        sa.Column("row", sa.Integer, primary_key=True, autoincrement=False),
        *(sa.Column(column, TYPES[kind]) for column, kind in described),
        *(
            ()
            if name in FRAMES
            else (sa.Column("geometry", sa.LargeBinary, nullable=False), sa.Column("feature", sa.Text, nullable=False))
        ),
    )
    for column in indexed:
        op.create_index(f"ix_{name}_{column}", name, [column])
