"""The delivery service of a meeting's MLS group: it orders and verifies, and cannot decrypt.

Owns the batches of K3.3, the entries and receipts of K4, the order of application messages of K6.1, and
what a returning member missed. Who a participant is and how it is reached comes from outside, through
`voice.Voice`.
"""
