"""The version of this program, read by the build and written into files."""

__all__ = ["VERSION"]

VERSION = "0.1.0"
