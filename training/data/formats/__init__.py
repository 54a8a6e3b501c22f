"""Labels in the forms that other programs write and read, one file for each format."""
