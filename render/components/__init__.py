"""What scenes are made of. Each draws with a `Pen` and keeps no state."""
