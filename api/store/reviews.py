"""What people said of defects: every review is kept, the last one of each defect counts."""

from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.store.schema import Review
from detector.taxonomy import BY_NAME
from roads.verdicts import Verdict

WORDS = {"accept": "accepted", "reject": "rejected", "relabel": "relabelled"}  # a defect's attribute `review`
REJECTED = "rejected"  # a defect's state


def last_reviews(session: Session, defects: list[int] | None = None) -> dict[int, Review]:
    """The review that counts, of each defect (or of some) that has one; what was undone has none."""
    newest = select(func.max(Review.id)).group_by(Review.defect)
    if defects is not None:
        newest = newest.where(Review.defect.in_(defects))
    found = session.scalars(select(Review).where(Review.id.in_(newest), Review.decision != "undo"))
    return {review.defect: review for review in found}


def newest_review(session: Session) -> int:
    """The number of the newest review; 0 where there is none."""
    return session.scalar(select(func.max(Review.id))) or 0


def verdicts(reviews: Mapping[int, Review]) -> dict[int, Verdict]:
    """What the reviews say, as `roads.mapping.road_map` takes it."""
    return {
        number: Verdict(
            review.decision != "reject", BY_NAME[review.class_name].id if review.class_name in BY_NAME else None
        )
        for number, review in reviews.items()
    }
