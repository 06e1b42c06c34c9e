"""What a person or a machine may ask of the sidecar: actions that the command line and the dashboard share."""
