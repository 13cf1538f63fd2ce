"""Derives a settlement's certificate again from the bytes that Amazon sent.

Nothing here is shared with the program that wrote the certificate, so that one mistake cannot pass both: own reading, own matching, own sums.
"""
