"""Google Calendar: one service account reads the primary calendar of each person."""
