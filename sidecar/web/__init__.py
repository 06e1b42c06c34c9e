"""The dashboard and the HTTP API: what a browser and a machine see of the sidecar."""
