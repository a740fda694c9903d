"""Signs that stand for the same thing in tables and in charts."""

COLLAPSED = "◇"
"""A training collapsed: its network predicts one class, or one number. Beside a verdict: such seeds are left out."""

MARKED_ROW = "◆"
"""The training row under the cursor, wherever it is drawn."""
