"""Proof and trial: what the rules would do, before anything fires and after everything has."""
