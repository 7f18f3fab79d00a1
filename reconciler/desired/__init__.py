"""The desired-state file: YAML text to a checked DesiredState, every error with its place."""
