"""`make fuzz`: native code under texts, files and sounds that nobody would send in good faith."""
