"""Video, photos and GPS tracks turned into frames at known places."""
