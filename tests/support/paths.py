"""Folders of the repository."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / ".package"  # holds the import name
ASSETS = ROOT / "site_assets"
RECORDINGS = ASSETS / "recordings"
