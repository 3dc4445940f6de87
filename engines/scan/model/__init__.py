"""The score network, its conditioning, and the denoiser of whole volumes that they make."""
