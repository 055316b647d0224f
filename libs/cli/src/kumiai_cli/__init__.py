"""kumiai, the command-line program for people."""
