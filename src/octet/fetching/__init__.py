"""Files from addresses and own folders: downloaded, verified, cached."""
