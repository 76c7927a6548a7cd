"""What tests are made of: builders, stores and servers."""
