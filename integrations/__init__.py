"""Generator/discriminator pairs and training recipes to read, copy and guide."""
