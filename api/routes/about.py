"""The server itself: the map's summary, its legend, and whether all is well."""

from fastapi import APIRouter

router = APIRouter()
