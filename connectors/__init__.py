"""Adapters to the systems outside: CRMs that are mirrored, surfaces that reps read."""
