"""What our pages say, in each language: one catalogue a language, written by `make translations`."""
