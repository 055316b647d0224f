"""HTTP as every service serves it: tokens, access, streams, notices, health."""
