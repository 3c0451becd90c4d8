"""The demo: a small company or a CRM export to watch, and the page to watch it on."""
