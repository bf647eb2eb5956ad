"""What is forwarded to whom: placement, peers, publications and slots. No packet comes here.

Owns the typed adapter over the native engine and the decisions that the engine carries out. Policy and people
come from `core.meeting`.
"""
