"""The road map as one self-contained web page."""
