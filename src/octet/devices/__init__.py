"""The runtimes that a file is tried on, one file a runtime, each run in a process of its own; knows no task."""
