"""What ``scrutiny completion`` is made of: what verbs take, and scripts that tell it to shells."""
