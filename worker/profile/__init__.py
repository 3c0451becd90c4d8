"""Reads a CRM's own shape and proposes the policy that fits it, with the evidence for each line."""
