"""Surveys: announce one, see how it goes, start it again, remove it."""

from fastapi import APIRouter

router = APIRouter()
