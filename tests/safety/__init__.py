"""What is private stays so, what is foreign does nothing."""
