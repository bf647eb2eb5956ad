"""Logging in: by a ministry's OpenID Connect provider, or on a developer's machine by saying who you are."""
