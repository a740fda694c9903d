"""lossterm: which loss function should train this network on this data, and how sure are we?"""

__version__ = "0.1.0"
