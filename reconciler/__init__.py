"""Keep the Pictory video jobs a reviewed file retains; archive, prove and only then clean the rest."""

__version__ = "0.1.0"
