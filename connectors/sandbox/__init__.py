"""The outside world in small: servers that speak Salesforce, HubSpot and Slack on loopback.

The demo runs on them and so do the tests, through the real client libraries. They answer what
they do not know with the vendor's real error, never with a friendly default.
"""
