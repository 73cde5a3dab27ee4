"""Classification: the parts that say of which class a picture is."""
