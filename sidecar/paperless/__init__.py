"""The Paperless REST API and the JSON it speaks."""
