"""Paperless Sidecar: better OCR and filing for paperless-ngx, written back exactly once."""

__version__ = "0.1.0"
