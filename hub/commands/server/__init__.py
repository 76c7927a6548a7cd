"""Commands that work through a hub that runs as a service. They load what asking it takes: no models, no Git."""
