"""One file per promise about the GANs that a guidance drops into."""
