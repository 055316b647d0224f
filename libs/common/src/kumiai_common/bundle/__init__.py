"""The bundle (持出しデータ): everything of a municipality, as files that need none of our code."""
