"""What comes in by webhooks: read strictly, kept, and turned into jobs."""
