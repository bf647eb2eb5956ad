"""SDP of clients to plain values, and our answer back to SDP; the engine never sees a line of it.

Owns the fixed order of m-lines (M3.1), what of an offer is taken (M3.3), and the text of the answer. The
engine is told `Section` values.
"""
