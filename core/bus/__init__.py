"""What nodes tell each other, behind `core.ports.Bus`: in memory here, for a node that runs alone.

Every implementation passes the one suite in `tests/unit/core/bus/contract.py`. Nothing that matters lives
here only.
"""

from core.bus.memory import MemoryBus

__all__ = ["MemoryBus"]
