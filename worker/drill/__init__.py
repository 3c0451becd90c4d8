"""Drills: marked test messages that prove who can be reached, before a lead has to."""
