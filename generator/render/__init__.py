"""From a request to an entry and its manifests."""
