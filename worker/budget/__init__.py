"""The budget of calls: what the CRM allows in a day, and how fast we may poll for it to last."""
