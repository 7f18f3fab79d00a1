"""A stand-in for the service, for trying the tool where nothing can be lost.  Shares no code with the client."""
