"""Two furnished ministries over the whole HTTP application."""

from tests.support.ministries import ours, site, store, theirs

__all__ = ["ours", "site", "store", "theirs"]
