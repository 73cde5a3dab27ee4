"""Packing in fetch: folders, COCO's and YOLO's files, and rendered pictures become archives."""
