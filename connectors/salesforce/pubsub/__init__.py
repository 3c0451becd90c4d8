"""Salesforce's Pub/Sub API on the wire; see ``pubsub.proto``."""
