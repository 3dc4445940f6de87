"""One module a scene; each names its `SCENE`."""
