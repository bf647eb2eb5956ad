"""A ministry in a deployment: its names, its certificate authority's rules, its signed policy, who may log
in."""
