"""Labelled pictures turned into weights."""

import os

# Ultralytics reads these when it is imported. It must neither fetch weights nor install packages by itself.
os.environ.setdefault("YOLO_OFFLINE", "1")
os.environ.setdefault("YOLO_AUTOINSTALL", "false")
