"""The HTTP API: reads from one snapshot, writes as operations, and events of what changed."""
