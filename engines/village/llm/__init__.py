"""Language models that live in the village: an endpoint or a small local model, its transcript, the agent around it."""
