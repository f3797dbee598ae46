"""Access: who may call, as whom, and by which key."""
