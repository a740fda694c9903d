"""What tests of more than one part are made of: reports, stores, tables, an app on one of them. No tests."""
