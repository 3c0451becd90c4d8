"""Plays a guide of ``connectors/<name>/guide.py``, on the command line or as a local page."""
