"""Outlook calendars of Microsoft 365, through Microsoft Graph: one app reads each mailbox."""
