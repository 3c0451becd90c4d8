"""What an admin edits or deploys: presets of teams, the Slack manifest, what the CRMs are given."""
