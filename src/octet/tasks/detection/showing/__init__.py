"""Pictures with boxes, errors by kind, and the charts of the page."""
