"""What tests build on: servers, builders, fakes."""
