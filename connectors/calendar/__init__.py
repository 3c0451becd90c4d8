"""Calendars of people as a source of absences: one feed in the iCalendar format a person."""
