"""What is kept how long: the archive, deletion with all data, and the erasure of a person."""
