"""What fetch packs into an archive: own folders, COCO's files, rendered pictures."""
