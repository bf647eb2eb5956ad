"""The headless participant: a member of a meeting without a screen, of which tests, probes, bots and agents
are made.

Together with `core.transcription` this is the only Python that may hold a media key. It joins through HTTP
and the socket like a browser, speaks WebRTC by aiortc, and keeps its MLS leaf in the native `Member`. Nothing
here is trusted by a node, and nothing here trusts one.
"""

from core.client.clock import SystemClock
from core.client.decode import PictureDecoder, SoundDecoder
from core.client.errors import (
    ClientError,
    JoinRefused,
    MediaLost,
    NodeUnreachable,
    RequestRefused,
    SocketLost,
)
from core.client.events import (
    Alarm,
    Chat,
    ClientEvent,
    Ended,
    HandLowered,
    LobbyChanged,
    PersonJoined,
    PersonLeft,
    Roster,
    RulesSet,
    StateChanged,
    Stopped,
)
from core.client.frames import OpenedFrame
from core.client.host import Host
from core.client.http import Login, join_room, make_room, open_login
from core.client.participant import Participant
from core.client.sources import (
    EncodedFrame,
    PictureFile,
    PictureSource,
    SoundFile,
    Source,
    ToneSource,
)

__all__ = [
    "Alarm",
    "Chat",
    "ClientError",
    "ClientEvent",
    "EncodedFrame",
    "Ended",
    "HandLowered",
    "Host",
    "JoinRefused",
    "LobbyChanged",
    "Login",
    "MediaLost",
    "NodeUnreachable",
    "OpenedFrame",
    "Participant",
    "PersonJoined",
    "PersonLeft",
    "PictureDecoder",
    "PictureFile",
    "PictureSource",
    "RequestRefused",
    "Roster",
    "RulesSet",
    "SocketLost",
    "SoundDecoder",
    "SoundFile",
    "Source",
    "StateChanged",
    "Stopped",
    "SystemClock",
    "ToneSource",
    "join_room",
    "make_room",
    "open_login",
]
