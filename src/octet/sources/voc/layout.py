"""The layout of an archive: VOC's folders, the suffixes of pictures, and the header that names a member's origin."""

ANNOTATIONS, IMAGE_SETS, PICTURES = "Annotations", "ImageSets/Main", "JPEGImages"
PICTURE_SUFFIXES = ("jpg", "jpeg", "png", "bmp", "webp")
# The tar header in which an archive stores the name of the user's file that a member was made from.
ORIGIN_HEADER = "OCTET.origin"
