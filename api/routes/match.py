"""A track and detections as JSON in, road segments out."""

from fastapi import APIRouter

router = APIRouter()
