"""What a survey makes of the hardware file: text and words from what was read; writes nothing."""
