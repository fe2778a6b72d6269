"""What runs in the process of eSpeak NG, apart from the function with its keys and its rights.

It is started by `espeak_process`, has no site-packages, and each request waits for its start: its modules import
nothing but each other and small parts of the standard library, neither `typing` nor `dataclasses`.
"""
