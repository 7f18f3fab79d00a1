"""Values in, strings out: text, JSON, and the saved plan both ways."""
