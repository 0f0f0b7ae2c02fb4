"""OpenAI batch files, answered line by line through a gateway, and resumed after a kill."""
