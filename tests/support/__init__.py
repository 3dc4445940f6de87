"""Shared pieces of the tests: places, small scenes, commands, pages, a browser."""
