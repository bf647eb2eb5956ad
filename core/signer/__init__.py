"""`entente signer`: the process that holds the CA keys, the policy keys and the hub's key, and its client.

`keys` are files, `requests` what may be asked, `service` answers it, `server` listens on a Unix socket,
`client` is the port for the node. The node never holds a private key of these (K2.1).
"""
