"""What the worker serves over HTTP: signals in, health out."""
