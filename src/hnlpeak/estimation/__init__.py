"""Signal acceptance and resolution, number of kaon decays, background."""
