"""The database and the file storage."""
