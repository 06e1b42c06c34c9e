"""What the program says of itself while it works: which job a line belongs to, figures, spans, and news for people.

Every room may say something here; nothing here knows any other room, and nothing here can make a job fail.
"""
