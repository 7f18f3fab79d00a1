"""One file per step; written by hand, never generated from the tables, so that an old step stays what it was."""
