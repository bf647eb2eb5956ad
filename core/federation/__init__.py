"""What deployments tell each other about themselves: the manifest, exchanged by people, signed and serial
(K2.3)."""
