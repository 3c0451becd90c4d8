"""The guard against stale facts: what a decision stands on is read live when it is too old."""
