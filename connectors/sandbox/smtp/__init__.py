"""A mail server in small."""

from connectors.sandbox.smtp.server import SmtpSandbox as SmtpSandbox
