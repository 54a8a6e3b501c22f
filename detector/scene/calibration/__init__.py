"""A camera's place on its vehicle, found from the footage of a drive and its track."""
