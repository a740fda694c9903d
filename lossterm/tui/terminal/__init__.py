"""What a terminal can show and how much a link carries: filters over every painted cell."""
