"""Plans of trainings over paired seeds, and runs of them that nothing is lost of."""
