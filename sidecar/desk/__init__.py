"""What a person or a machine may ask of the sidecar: what the command line, the dashboard and the API do alike."""
