"""Resumable uploads after the tus 1.0 protocol."""

from fastapi import APIRouter

router = APIRouter()
