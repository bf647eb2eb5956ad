"""HTTP, the WebSocket and the settings of a node: the border between browsers and the core.

`gateway/app.py` wires everything and is the only place that makes clocks, stores, nodes and telemetry.
"""
