"""Running a shipped file on pictures of anybody's."""
