"""The hub as running services: each translates what comes in, and what is done is done by actions."""
