"""Folders of the repository."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ASSETS = ROOT / "site_assets"
RECORDINGS = ASSETS / "recordings"
