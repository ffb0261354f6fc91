"""The benchmark: data, training, metrics, pictures, and the command line `xaigrad`."""
