"""English speech by the neural model of the package `hibari`, in the voices of `voices`.

A text becomes pieces (`pieces`), a piece phonemes (`pronunciation`), phonemes frames (`model`), frames another voice's
(`timbre`), these a waveform (`waveform`) of an even level (`level`).
"""
