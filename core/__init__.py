"""What a meeting is and who decides about it; no socket, no packet.

The root of this package (values, ports, errors) imports nothing but the standard library; the packages
below it import the root and the binding ``core._native``. `gateway/app.py` gives them clocks, stores and
nodes.
"""
