"""The administration's interface, `/api/admin`: what a ministry does in its own house, by page or by program.

Each operation is registered once, in `operation.Operation`: the route, the check of who may, and the OpenAPI
document all come from it. The tenant is always the caller's own and never a parameter, so another
ministry's ids are simply not found.
"""
