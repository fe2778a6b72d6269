"""The code in the process of eSpeak NG, separate from the function with its keys and rights.

`process` starts it without site-packages. Each request waits for its start, so its modules import only each
other and small parts of the standard library, neither `typing` nor `dataclasses`.
"""
