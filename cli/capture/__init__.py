"""What ``scrutiny scope`` and the demo have in common: from what was typed to an acquisition."""
