"""The dashboard as a person sees and uses it, in a real Chromium without a window."""
