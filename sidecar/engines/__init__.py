"""Page image to text, text to suggestion."""
