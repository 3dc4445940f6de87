"""The networks of the scan's prior: a U-Net in two or three dimensions, and the denoisers made of it."""
