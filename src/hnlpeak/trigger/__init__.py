"""From signals of detector systems to the decision that an event is kept."""
