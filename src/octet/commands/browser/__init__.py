"""The parts of `octet demo`: a web page, its server, and the runtime that runs the shipped file in a browser."""
