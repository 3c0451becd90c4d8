"""The outside world in small: servers on loopback that speak Salesforce, HubSpot, Slack, SMTP, and
the calendars of Google and Microsoft.

The demo runs on them and so do the tests, through the real client libraries. They answer what
they do not know with the vendor's real error, never with a friendly default.
"""
