"""netwatch: network monitoring for school districts."""

__all__ = ["__version__"]

__version__ = "0.1.0"
