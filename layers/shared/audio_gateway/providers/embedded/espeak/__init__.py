"""Speech by eSpeak NG, in a process of its own (`confined`)."""
