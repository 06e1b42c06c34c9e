"""The HTTP API: one router a file, all under /api."""
