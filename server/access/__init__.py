"""Who may connect, and what they may do: tokens, roles, rights, the audit log."""
