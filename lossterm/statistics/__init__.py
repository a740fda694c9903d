"""Statistics of scores: which loss is ahead, how sure that is, and which learning rate each loss is judged at."""
