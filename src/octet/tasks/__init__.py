"""What differs between tasks, behind one protocol: a folder a task, split by stage."""
