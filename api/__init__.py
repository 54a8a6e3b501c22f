"""Uploads, jobs, storage, the OGC API, tiles and the web app."""
