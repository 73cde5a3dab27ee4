"""Data as it comes, and as it is packed into archives."""
