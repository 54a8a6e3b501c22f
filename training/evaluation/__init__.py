"""Detections measured against labelled pictures."""
