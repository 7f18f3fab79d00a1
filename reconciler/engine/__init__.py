"""The use cases, over ports: observe, plan, apply, recover, verify."""
