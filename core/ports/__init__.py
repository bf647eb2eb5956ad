"""The holes in the core's wall: one Protocol per thing outside it, one double per port in `tests/support`.

Only `gateway/app.py` plugs real things in. All async methods may raise the port's error of `core.errors`;
nothing here retries by itself.
"""

from core.ports.accounts import AccountStore
from core.ports.administration import AdministrationStore, AuditFilter, AuditStore
from core.ports.admission import AdmissionStore
from core.ports.bus import Bus, Lease
from core.ports.certificates import CertificateStore
from core.ports.groups import GroupStore
from core.ports.media import MediaNode
from core.ports.profiles import ProfileStore
from core.ports.rooms import RoomStore
from core.ports.sessions import SessionStore
from core.ports.signer import Signer
from core.ports.store import Store
from core.ports.system import Clock, Rng, Telemetry
from core.ports.tenants import TenantStore

__all__ = [
    "AccountStore",
    "AdministrationStore",
    "AdmissionStore",
    "AuditFilter",
    "AuditStore",
    "Bus",
    "CertificateStore",
    "Clock",
    "GroupStore",
    "Lease",
    "MediaNode",
    "ProfileStore",
    "Rng",
    "RoomStore",
    "SessionStore",
    "Signer",
    "Store",
    "Telemetry",
    "TenantStore",
]
