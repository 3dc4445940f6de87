"""Those who act: scripts, a planner, a plan that knows the weather, a trained policy, language models.

All are asked alike, by `protocol`: an observation in, a choice out.
"""
