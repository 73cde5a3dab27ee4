"""How an archive is laid out: VOC's folders, which files are pictures, and where a packed file came from."""

ANNOTATIONS, IMAGE_SETS, PICTURES = "Annotations", "ImageSets/Main", "JPEGImages"
PICTURE_SUFFIXES = ("jpg", "jpeg", "png", "bmp", "webp")
# A tar's header of this name holds what the owner of the data calls the file that a member was made from.
ORIGIN_HEADER = "OCTET.origin"
