"""What people say of defects."""

from fastapi import APIRouter

router = APIRouter()
