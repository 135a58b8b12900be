"""The data portal: the dictionary, the interfaces and the business flows, as pages and as files (5.9)."""
