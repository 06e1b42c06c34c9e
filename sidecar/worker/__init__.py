"""The journey of a document: poll, claim, work, deliver."""
