"""A market to try policies in, before a merchant trusts one: buyers drawn from a seed or from the merchant's own history, Amazon's delays, our own rules.

`peak` draws the buyers, `history` reads them from a file, `market` lets them buy, `baselines` and `rules` are the policies, `trial` runs them, `report` tells.
"""
