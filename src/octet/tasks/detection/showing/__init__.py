"""Presents a detector's results: pictures with boxes, errors by kind, and charts."""
