"""Everything that moves states: launches, sequencer, dispatcher, callbacks, replays, and the tidying up."""
