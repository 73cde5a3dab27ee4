"""What `octet devices` consists of: the pictures, the files, the answers' scores, and the rows."""
