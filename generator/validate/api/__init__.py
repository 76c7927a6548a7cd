"""What the API server refuses beyond its schemas: the rules of Kubernetes' own validation, by kind.

Source of all rules here: pkg/apis/*/validation of Kubernetes 1.31 to 1.37. A rule is left out where versions differ and
the stricter one is not known to hold, so that nothing is refused that an API server takes.
"""
