"""The errors that qutils raises by name; each says what is wrong, where, and what to do."""

__all__ = [
    "ArenaOutOfMemoryError",
    "CalibrationError",
    "ConversionError",
    "ExportError",
    "FileError",
    "InvalidModelError",
    "NoTimingDataError",
    "QutilsError",
    "UnsupportedFeatureError",
    "UnsupportedOperatorError",
]


class QutilsError(Exception):
    """Base of every error that qutils defines.

    Examples
    --------
    >>> issubclass(InvalidModelError, QutilsError) and issubclass(InvalidModelError, ValueError)
    True
    """


class InvalidModelError(QutilsError, ValueError):
    """The bytes given are not a well-formed .tflite model."""


class UnsupportedOperatorError(QutilsError, ValueError):
    """A well-formed model uses operators or types that the emulator lacks; all are named."""


class ArenaOutOfMemoryError(QutilsError, MemoryError):
    """The tensor arena is too small: what TFLM reports from AllocateTensors on a device."""


class UnsupportedFeatureError(QutilsError, RuntimeError):
    """A LiteRT interpreter has this feature, TFLite Micro has not."""


class NoTimingDataError(QutilsError, LookupError):
    """Nobody has published the time that an estimate would need; what exists is listed."""


class CalibrationError(QutilsError, ValueError):
    """Values from which no range can be learned: none at all, NaN, or of changing channels."""


class ConversionError(QutilsError, ValueError):
    """A converted model is not what was asked for, such as an int8 file with float operators."""


class ExportError(QutilsError, ValueError):
    """A program for a board cannot be made or written; nothing half-written is left."""


class FileError(QutilsError, OSError):
    """A file that was named cannot be read or written."""
