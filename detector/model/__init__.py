"""Pictures turned into detections."""
