"""The layout of an archive: VOC's folders, what files in them are like, and the header that names a member's origin."""

ANNOTATIONS, IMAGE_SETS, PICTURES = "Annotations", "ImageSets/Main", "JPEGImages"
MOST_BYTES = {ANNOTATIONS: 1 << 20, IMAGE_SETS: 1 << 24, PICTURES: 1 << 27}  # of a file; far above those of VOC
PICTURE_SUFFIXES = ("jpg", "jpeg", "png", "bmp", "webp")
# The tar header in which an archive stores the name of the user's file that a member was made from.
ORIGIN_HEADER = "OCTET.origin"
