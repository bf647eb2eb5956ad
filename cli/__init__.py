"""The `entente` command: one file per verb, imported when the verb is used, and no logic."""
