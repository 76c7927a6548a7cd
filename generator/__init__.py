"""Pure core: from an entry and an environment to manifests. No files, clock, network or process environment."""
