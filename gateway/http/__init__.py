"""The HTTP routes and the middleware around them. Pure ASGI, no hidden tasks; errors leave as
problem+json."""
