"""Builders that tests of several packages share: reports, stores, tables, an app on a store. No tests."""
