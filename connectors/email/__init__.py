"""E-mail by a server that speaks SMTP."""
