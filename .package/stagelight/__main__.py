"""`python -m stagelight`: the same commands as the console scripts."""

from stagelight.render.cli import main

main()
