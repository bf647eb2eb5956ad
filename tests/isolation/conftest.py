"""Two furnished ministries, of which one walks through the other's."""

from tests.support.ministries import ours, site, store, theirs

__all__ = ["ours", "site", "store", "theirs"]
