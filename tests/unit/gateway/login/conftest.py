"""The site and its store, as every test of the gateway has them."""

from tests.unit.gateway.conftest import site, store

__all__ = ["site", "store"]
