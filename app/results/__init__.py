"""What comes out: leads, people, customers, searches, and the files that carry them away."""
