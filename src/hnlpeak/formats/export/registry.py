"""All export formats by name."""

from __future__ import annotations

from hnlpeak.formats.export import hepdata, hs3, latex, pyhf, root
from hnlpeak.formats.export.export import Export

__all__ = ["EXPORTS"]

EXPORTS: dict[str, Export] = {
    module.EXPORT.name: module.EXPORT for module in (hepdata, pyhf, hs3, root, latex)
}
"""A new format is a file here and a name in this list."""
