"""Slack as a surface: alerts as messages with buttons, presses over Socket Mode.

``settings`` is light; ``surface`` brings slack-sdk with it, so import it where Slack is in use.
"""
