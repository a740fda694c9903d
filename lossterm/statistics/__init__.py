"""Statistics over scores alone: which loss is ahead, how sure that is, and which learning rate it is judged at."""
