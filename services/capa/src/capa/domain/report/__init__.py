"""The 8D report of a case: what it says and draws, whatever it is then written as."""
