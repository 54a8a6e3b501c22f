"""One segment with its history, and what changed between two dates."""

from fastapi import APIRouter

router = APIRouter()
