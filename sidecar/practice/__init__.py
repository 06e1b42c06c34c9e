"""Practice servers: a paperless-ngx and a language model that run on loopback, for `sidecar demo` and tests."""
