"""Reference implementations of model quantization and a TFLite Micro emulator."""

__version__ = "0.1.0"
