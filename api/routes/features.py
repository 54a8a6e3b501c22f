"""OGC API Features."""

from fastapi import APIRouter

router = APIRouter()
