"""Files from URLs and local paths: downloading, verifying and caching them."""
