"""From the bytes of a callback to what it means for its step. Pure: nothing here talks to anyone."""
