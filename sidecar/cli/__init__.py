"""The command line: a file has a command, or some that belong together, and adds them by `register`."""
