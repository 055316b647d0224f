"""Characters of names (文字): stored as they came; searched, identified and reduced beside that."""
