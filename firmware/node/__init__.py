"""The meter node: everything a board does that is not its own hardware.

Nothing here imports `machine` or another module of one port; what a board has is handed in as the classes of `ports`.
The same files run on the board, under the MicroPython unix port and under CPython. There is no floating point in
them: on the ESP32 a float has 24 bits of mantissa, and a register has thirty.
"""
