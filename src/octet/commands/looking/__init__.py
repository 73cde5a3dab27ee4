"""What `octet detect` and `octet classify` share: pictures, what a model says of them, drawn copies, files."""
