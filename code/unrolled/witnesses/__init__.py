"""What testifies for the book's equations: one function a check.

A witness takes an `Equation`, lets code, automatic differentiation, finite differences, counting or
simulation say what its letters stand for, and returns how far its two sides are then apart
(`numbers.Gap`). `unrolled.verify` says which witnesses each equation has to satisfy.
"""
