"""Backbones: a network's trunk, where its features are tapped, and its pre-trained weights; a file each."""
