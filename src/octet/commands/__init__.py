"""The commands that people run by hand, one file each; the folders hold the parts that commands consist of."""
