"""The command ``scrutiny``: one module per verb, imported when the verb is used."""
