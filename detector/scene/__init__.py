"""Detections turned into defects on the ground, in metres."""
