"""Jobs, and what happens as server-sent events."""

from fastapi import APIRouter

router = APIRouter()
