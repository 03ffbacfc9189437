"""What goes wrong."""


class MeasureError(Exception):
    """A run that gave no result."""
