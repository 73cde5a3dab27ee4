"""Runs a classifier's file on any picture."""
