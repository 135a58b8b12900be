"""How fast the pages are over a full archive: traffic made up and put into the store, then every page asked for."""
