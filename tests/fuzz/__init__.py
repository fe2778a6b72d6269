"""`make fuzz`: native code under texts, files and sounds that no honest caller would send."""
