"""What an admin edits or deploys: a preset for each team pattern, the Slack manifest."""
