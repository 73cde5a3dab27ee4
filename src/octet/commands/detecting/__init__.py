"""What `octet detect` consists of: sources of pictures, detection in them, drawn copies, and results as JSON or CSV."""
