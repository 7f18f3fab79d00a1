"""The decision, pure: values in, values out.  No clock, environment, files, network, logging, randomness, threads."""
