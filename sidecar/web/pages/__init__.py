"""The pages of the dashboard: one router a file."""
