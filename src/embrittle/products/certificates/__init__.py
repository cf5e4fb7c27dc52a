"""What no perturbation within a budget can take from each model, beside what attacks do take (docs/certificates.md)."""
