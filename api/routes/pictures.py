"""Pictures of defects."""

from fastapi import APIRouter

router = APIRouter()
