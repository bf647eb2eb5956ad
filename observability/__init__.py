"""What an operator may see of a node: metrics, traces and logs without keys, names, addresses or words (INV).

Imports nothing of ours. `metrics` is the one table of names and units, `prometheus` its registry and
exposition, `traces` the exporter with its allow-list, `redaction` the filter of the log.
"""
