"""How well a village is run: measures, the benchmark's agents and bounds, and what they are compared with."""
