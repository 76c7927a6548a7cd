"""What people ask for in Slack: done by the rights of the person whose account it is, as if they had called the API."""
