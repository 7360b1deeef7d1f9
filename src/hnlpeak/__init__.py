"""hnlpeak: heavy-neutral-lepton production searches in meson decays."""

__version__ = "0.1.0"
