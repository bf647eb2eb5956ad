"""Audit events in the formats that security teams read: JSON lines, OCSF, RFC 5424. Imports nothing of ours.

`FORMATS` maps each format's name to what turns one event into the bytes of one record, its end included.
"""

from observability.audit.formats import FORMATS, Event
from observability.audit.sink import AuditSink

__all__ = ["FORMATS", "AuditSink", "Event"]
