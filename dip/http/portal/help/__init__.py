"""Help, open to everybody: pages, codes, words (5.12.1)."""
