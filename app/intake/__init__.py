"""A file comes in: from bytes to stored rows, every column kept, its headers understood, its duplicates found."""
