"""What the village is drawn with."""
