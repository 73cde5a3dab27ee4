"""Presents a classifier's results: pictures with answers, mistakes, and how far its scores can be trusted."""
