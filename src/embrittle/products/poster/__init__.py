"""Tables and figures of the APR poster."""
