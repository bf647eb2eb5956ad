"""Types of the Rust extension module `core._native`; each submodule has its own stub beside this file."""

from core._native import e2ee as e2ee
from core._native import media as media
