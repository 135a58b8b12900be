"""The portal: pages for people, the administration API for programs, on a port of its own."""
