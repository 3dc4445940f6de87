"""A benchmark of the stage: the same pictures drawn by plain Manim and by the stage, timed in turn.

* `pictures`: what is in them, as numbers, for both
* `plain`: as ordinary Manim scenes
* `staged`: as sections of the stage
* `measure`: whether they look the same, and what each costs
* `report`: the figures, in words
"""
